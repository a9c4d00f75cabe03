package chaos

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

const loginPage = `<!doctype html>
<title>Welcome to the network</title>
<h1>Welcome to the network</h1>
<p>Log in to go on.</p>
`

// ownAnswer returns what the proxy answers by the plan, nil if it does not.
func (c *conn) ownAnswer(ex *exchange) []byte {
	pl := ex.plan.Load()
	if r := pl.up[status]; r != nil {
		c.note(ex, status, r)
		text := fmt.Sprintf("tutti chaos: rule %s answers %d\n", r.ID, r.Fault.Status)
		return page(r.Fault.Status, "text/plain; charset=utf-8", "", text)
	}
	if r := pl.up[portal]; r != nil {
		c.note(ex, portal, r)
		code := r.Fault.Portal.Status
		if code == 0 && r.Fault.Portal.Location != "" {
			code = http.StatusFound
		}
		return page(cmp.Or(code, http.StatusOK), "text/html; charset=utf-8", r.Fault.Portal.Location, cmp.Or(r.Fault.Portal.Body, loginPage))
	}
	return nil
}

// page is an answer after which the connection ends.
func page(code int, contentType, location, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nConnection: close\r\nCache-Control: no-store\r\n", code, cmp.Or(http.StatusText(code), "Status"))
	if location != "" {
		fmt.Fprintf(&b, "Location: %s\r\n", location)
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		b.WriteString("\r\n")
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
	return []byte(b.String())
}
