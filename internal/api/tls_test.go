package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/protocol"
)

// secure listens with TLS too, for HTTP/1.1 and HTTP/2, with kernel buffers that
// are soon full.
func (s *testServer) secure() *httptest.Server {
	listener := httptest.NewUnstartedServer(s.api)
	listener.EnableHTTP2 = true
	listener.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if err := conn.(*tls.Conn).NetConn().(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil {
			s.t.Errorf("set buffer: %v", err)
		}
		return ctx
	}
	listener.StartTLS()
	s.t.Cleanup(listener.Close)
	return listener
}

// dialTLS opens a WebSocket as a browser does, with a kernel buffer that is
// soon full, and reads nothing yet.
func (s *testServer) dialTLS(listener *httptest.Server) *wire {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	s.t.Cleanup(cancel)
	config := listener.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	transport := &http.Transport{DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
			return nil, err
		}
		config.ServerName = "example.com"
		return tls.Client(conn, config), nil
	}}
	conn, _, err := websocket.Dial(ctx, listener.URL+"/v1/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{protocol.Version},
	})
	must(s.t, err)
	conn.SetReadLimit(16 << 20)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	return &wire{t: s.t, conn: conn, ctx: ctx}
}

// More stalled readers than there are writers leave the others alone, and go on
// where they were.
func TestTLS_stalled_readers_hold_nobody_up(t *testing.T) {
	const stalled, entries = 12, 30
	s := serve(t)
	listener := s.secure()
	var slow []*wire
	for range stalled {
		w := s.dialTLS(listener)
		w.say(`{"type":"hello"}`)
		w.say(`{"type":"subscribe","id":1,"topic":"open:a","from":"earliest"}`)
		slow = append(slow, w)
	}
	quick := s.dialTLS(listener)
	quick.ask(`{"type":"hello"}`)
	quick.ask(`{"type":"subscribe","id":1,"topic":"open:a","from":"earliest"}`)

	data := strings.Repeat("x", 60<<10) // all together beyond what the kernel holds
	for i := range entries {
		answer := s.request(http.MethodPost, "/v1/topics/open:a/events", fmt.Sprintf(`{"data":%q}`, data))
		if answer.StatusCode != http.StatusCreated {
			t.Fatalf("publish: %s", answer.Status)
		}
		if m := quick.hear(); m.Offset != uint64(i+1) {
			t.Fatalf("the quick reader heard %s %d, want entry %d", m.Type, m.Offset, i+1)
		}
	}
	for _, w := range slow {
		w.hear() // welcome
		w.hear() // subscribed
		for i := range entries {
			if m := w.hear(); m.Offset != uint64(i+1) || len(m.Data) != len(data)+2 {
				t.Fatalf("a slow reader heard %s %d, want entry %d", m.Type, m.Offset, i+1)
			}
		}
	}
}

func TestTLS_ROAD_7_a_WebSocket_over_HTTP2_is_refused(t *testing.T) {
	s := serve(t)
	listener := s.secure()
	for _, method := range []string{http.MethodGet, http.MethodConnect} {
		r, err := http.NewRequestWithContext(t.Context(), method, listener.URL+"/v1/ws", nil)
		must(t, err)
		answer, err := listener.Client().Transport.RoundTrip(r)
		must(t, err)
		if e := failure(t, answer); answer.ProtoMajor != 2 || e.Code == "" {
			t.Errorf("%s over %s: %s, %v", method, answer.Proto, answer.Status, e)
		}
		must(t, answer.Body.Close())
	}
}
