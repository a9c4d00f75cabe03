package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestModule(t *testing.T) {
	source := []byte("export default " + strings.Repeat("1 + ", 1000) + "1\n")
	serve := module(source)
	ask := func(header ...string) *httptest.ResponseRecorder {
		t.Helper()
		r, err := http.NewRequest("GET", "/v1/client.js", nil)
		must(t, err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		must(t, serve(w, r))
		return w
	}
	t.Run("HTTP-7 it is packed for who takes that", func(t *testing.T) {
		for _, accepted := range []string{"gzip", "br, gzip;q=0.5", "deflate , GZIP"} {
			w := ask("Accept-Encoding", accepted)
			z, err := gzip.NewReader(w.Body)
			must(t, err)
			text, err := io.ReadAll(z)
			must(t, err)
			if got := w.Header().Get("Content-Encoding"); got != "gzip" || !bytes.Equal(text, source) {
				t.Errorf("%s: %s: %d bytes", accepted, got, len(text))
			}
		}
	})
	t.Run("HTTP-7 it is as it is for who does not", func(t *testing.T) {
		for _, accepted := range []string{"", "br", "gzip;q=0", "gzip; q=0.000", "xgzip", "identity"} {
			w := ask("Accept-Encoding", accepted)
			if w.Header().Get("Content-Encoding") != "" || !bytes.Equal(w.Body.Bytes(), source) {
				t.Errorf("%q: %v: %d bytes", accepted, w.Header(), w.Body.Len())
			}
		}
	})
	t.Run("HTTP-7 it is not sent to who has it", func(t *testing.T) {
		plain, packed := ask().Header().Get("ETag"), ask("Accept-Encoding", "gzip").Header().Get("ETag")
		if plain == "" || plain == packed {
			t.Fatalf("the tags are %q and %q", plain, packed)
		}
		for _, known := range []string{packed, "W/" + packed, `"other", ` + packed, "*"} {
			w := ask("Accept-Encoding", "gzip", "If-None-Match", known)
			if w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != packed {
				t.Errorf("%s: %d, %v, %d bytes", known, w.Code, w.Header(), w.Body.Len())
			}
		}
		for _, known := range []string{plain, `"other"`, ""} {
			if w := ask("Accept-Encoding", "gzip", "If-None-Match", known); w.Code != http.StatusOK || w.Body.Len() == 0 {
				t.Errorf("%s: %d, %d bytes", known, w.Code, w.Body.Len())
			}
		}
	})
}
