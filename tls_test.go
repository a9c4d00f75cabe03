package tutti_test

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
)

// Over HTTP/2 a deadline for writes ends a stream when it passes, also when
// nothing is being written.
func TestServer_a_stream_over_HTTP2_outlives_Stall(t *testing.T) {
	srv, err := tutti.New(tutti.Config{Dev: true, Stall: 20 * time.Millisecond, Ping: 150 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(srv)
	listener.EnableHTTP2 = true
	listener.StartTLS()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer listener.Close()
	defer func() { _ = srv.Close(context.Background()) }()
	defer cancel()

	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listener.URL+"/v1/sse?topic=a", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := listener.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.ProtoMajor != 2 {
		t.Fatalf("the stream came over %s", answer.Proto)
	}
	lines := bufio.NewScanner(answer.Body)
	for beats := 0; beats < 3; {
		if !lines.Scan() {
			t.Fatalf("the stream ended after %d heartbeats: %v", beats, lines.Err())
		}
		if lines.Text() == ":" {
			beats++
		}
	}
}
