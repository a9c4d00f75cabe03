package chaos

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
)

const maxHead = 64 << 10

// headEnd returns the length of the head that data begins with, 0 if its end is
// not there yet.
func headEnd(data []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch {
		case bytes.HasPrefix(data[at:], []byte("\n")):
			return at + 1
		case bytes.HasPrefix(data[at:], []byte("\r\n")):
			return at + 2
		}
	}
}

// looksHTTP says whether data may be the beginning of a request of HTTP/1.x.
func looksHTTP(data []byte) bool {
	line, _, whole := bytes.Cut(data, []byte("\n"))
	if whole {
		return bytes.Contains(line, []byte(" HTTP/1."))
	}
	method, _, _ := bytes.Cut(line, []byte(" "))
	return len(method) <= 32 && strings.Trim(string(method), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == ""
}

// request is what rules look at, and what the way of the bytes depends on.
type request struct {
	method string
	path   string
	road   Road

	http    *http.Request // nil: not HTTP/1.1
	upgrade bool
	body    framer
}

// parseRequest reads a head, as headEnd found it.
func parseRequest(head []byte) (request, bool) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return request{}, false
	}
	req := request{method: r.Method, path: r.URL.Path, http: r}
	req.upgrade = r.Method == http.MethodConnect || (has(r.Header, "Connection", "upgrade") && r.Header.Get("Upgrade") != "")
	req.road = roadOf(r.Method, r.URL.Path, req.upgrade)
	switch {
	case chunked(r.TransferEncoding):
		req.body = &chunkFramer{}
	case r.ContentLength > 0:
		req.body = &fixedFramer{left: r.ContentLength}
	}
	return req, true
}

func roadOf(method, path string, upgrade bool) Road {
	get, post := method == http.MethodGet, method == http.MethodPost
	switch {
	case strings.HasSuffix(path, "/v1/ws") && upgrade:
		return WS
	case strings.HasSuffix(path, "/v1/sse") && (get || post):
		return SSE
	case strings.HasSuffix(path, "/v1/poll") && (get || post):
		return Poll
	case strings.HasSuffix(path, "/v1/commands") && post:
		return Commands
	}
	return Other
}

// parseResponse reads a head of an answer to r. The body is nil if there is none.
func parseResponse(head []byte, r *http.Request) (status int, body framer, ok bool) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), r)
	if err != nil {
		return 0, nil, false
	}
	_ = resp.Body.Close() // it has nothing behind it
	switch s := resp.StatusCode; {
	case s < 200, s == http.StatusNoContent, s == http.StatusNotModified, r.Method == http.MethodHead:
	case chunked(resp.TransferEncoding):
		body = &chunkFramer{}
	case resp.ContentLength > 0:
		body = &fixedFramer{left: resp.ContentLength}
	case resp.ContentLength < 0:
		body = endless{}
	}
	return resp.StatusCode, body, true
}

func chunked(encodings []string) bool {
	return len(encodings) > 0 && encodings[len(encodings)-1] == "chunked"
}

func has(h http.Header, key, word string) bool {
	for _, line := range h.Values(key) {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(item), word) {
				return true
			}
		}
	}
	return false
}
