package api

import (
	"net/http/httptest"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// Whoever has left before hello was answered is told nothing: there is no status
// for that.
func TestFail_one_who_has_left(t *testing.T) {
	s := serve(t)
	w := httptest.NewRecorder()
	s.api.fail(w, httptest.NewRequest("POST", "/v1/sse", nil), protocol.Errorf(protocol.Disconnected, ""))
	if w.Body.Len() > 0 {
		t.Errorf("it was answered %s", w.Body)
	}
}
