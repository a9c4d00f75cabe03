package main

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/web"
)

// The page of the binary is served with a policy that it can live with: it has
// no scripts or styles of its own between its tags, and loads from no other
// host.
func TestPages(t *testing.T) {
	srv, err := tutti.New(tutti.Config{Dev: true, Site: web.Files()})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close(t.Context())
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost/app/", nil)
	mount("/app", guardPages(srv)).ServeHTTP(w, r)
	for name, want := range map[string]string{"Content-Security-Policy": pagePolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	page := w.Body.String()
	if w.Code != 200 || !strings.Contains(page, "<html") {
		t.Fatalf("status %d: %.200s", w.Code, page)
	}
	for _, inline := range []string{`<script[^>]*>[^<]`, `<style`, ` style=`, ` on[a-z]+=`, `(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|svg|png)"`} {
		if found := regexp.MustCompile(inline).FindString(page); found != "" {
			t.Errorf("the page has %q, which the policy forbids", found)
		}
	}
}
