package tutti_test

import (
	"net/http"
	"testing"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/tuttitest"
)

func TestMaxConnections_one_more_is_told_to_come_back(t *testing.T) {
	srv := tuttitest.New(t, tutti.Config{Dev: true, MaxConnections: 1})
	first, err := http.Get(srv.URL + "/v1/sse?topic=a")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	second, err := http.Get(srv.URL + "/v1/ws")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Body.Close()
	if second.StatusCode != http.StatusServiceUnavailable || second.Header.Get("Retry-After") != "1" {
		t.Fatalf("the second connection: %s, %v", second.Status, second.Header)
	}
}
