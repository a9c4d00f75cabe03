package client_test

import (
	"net/http/httptest"
	"testing"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
)

// A client whose first attempt fails at once says so to the function that was
// in its options, from the first change on.
func TestOptions_OnStatus_misses_nothing(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	changes := make(chan client.Status, 100)
	c, err := client.Connect(gone.URL, client.Options{OnStatus: func(s client.Status) { changes <- s }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i, want := range []core.State{core.Connecting, core.Backoff} {
		if got := <-changes; got.State != want {
			t.Fatalf("change %d is to %s, want %s", i+1, got.State, want)
		}
	}
}
