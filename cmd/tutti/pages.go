package main

import "net/http"

// pagePolicy lets the pages of the binary load and reach what comes from the
// server itself, and be shown in no other page. Older browsers do not count
// WebSockets of the page's own host as self.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guardPages tells browsers what the pages of the binary may do. It is not the
// library's: the pages of an embedding program are its own.
func guardPages(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Referrer-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}
