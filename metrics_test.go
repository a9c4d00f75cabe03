package tutti_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tuttisync/tutti"
)

// What the store on disk does is measured: each fsync, what shared it, and what
// it wrote.
func TestMetrics_of_the_store(t *testing.T) {
	srv, err := tutti.New(tutti.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close(context.Background())
	if _, _, err := srv.PublishAll(t.Context(), "a", tutti.Message{Data: 1}, tutti.Message{Data: 2}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{"tutti_append_seconds_count 1", "tutti_fsync_seconds_count 1", "tutti_commit_appends_sum 1", "tutti_entries_total 2"} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
	if !regexp.MustCompile(`(?m)^tutti_written_bytes_total [1-9]\d*$`).MatchString(text) {
		t.Error("the bytes written are not counted")
	}
}
