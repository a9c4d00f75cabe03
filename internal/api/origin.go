package api

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins says which pages may use the server, beside its own (rule AUTH-5).
type Origins struct {
	Allowed  []string // scheme://host[:port]; * is any, without its cookies over HTTP
	Loopback bool     // pages of this machine, and requests to it by a name of its own alone
}

// admit judges a request's origin, and tells the browser what its page may do.
func (o Origins) admit(w http.ResponseWriter, r *http.Request) bool {
	if o.Loopback && !isLoopback(hostname(r.Host)) {
		return false // a name that somebody else has pointed at this machine
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if o.own(origin, r.Host) {
		return true
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	switch {
	case o.listed(origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	case slices.Contains(o.Allowed, "*"):
		h.Set("Access-Control-Allow-Origin", "*") // and so without cookies
	default:
		return false
	}
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
	}
	return true
}

func (o Origins) own(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

func (o Origins) listed(origin string) bool {
	if slices.ContainsFunc(o.Allowed, func(a string) bool { return strings.EqualFold(a, origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	return o.Loopback && err == nil && isLoopback(u.Hostname())
}

// hostname is a Host header without its port.
func hostname(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || (ip != nil && ip.IsLoopback())
}
