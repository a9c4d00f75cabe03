package tutti_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/tuttitest"
)

// counting is a connection that counts what comes.
type counting struct {
	net.Conn
	in *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

// follower is a WebSocket that reads the topic a.
type follower struct {
	t          *testing.T
	ctx        context.Context
	conn       *websocket.Conn
	in         atomic.Int64
	extensions string // as the server answered
}

func follow(t *testing.T, url string, mode websocket.CompressionMode) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	f := &follower{t: t, ctx: ctx}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return counting{conn, &f.in}, err
	}}
	conn, answer, err := websocket.Dial(ctx, url+"/v1/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{protocol.Version},
		CompressionMode: mode, CompressionThreshold: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	f.conn, f.extensions = conn, answer.Header.Get("Sec-WebSocket-Extensions")
	for _, m := range []string{`{"type":"hello"}`, `{"type":"subscribe","id":1,"topic":"a","from":"new"}`} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			t.Fatal(err)
		}
		f.hear()
	}
	f.in.Store(0)
	return f
}

func (f *follower) hear() string {
	f.t.Helper()
	_, frame, err := f.conn.Read(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(frame)
}

func TestCompression_FRAME_4_entries_to_those_who_offer_it(t *testing.T) {
	text := strings.Repeat("the same again, ", 1000)
	for _, on := range []bool{true, false} {
		srv := tuttitest.New(t, tutti.Config{Dev: true, Compression: on})
		plain := follow(t, srv.URL, websocket.CompressionDisabled)
		offering := follow(t, srv.URL, websocket.CompressionContextTakeover)
		if got := strings.Contains(offering.extensions, "permessage-deflate"); got != on || plain.extensions != "" {
			t.Errorf("compression %v: the offer is answered %q", on, offering.extensions)
		}
		for range 3 {
			if _, err := srv.Server.Publish(t.Context(), "a", tutti.Message{Data: text}); err != nil {
				t.Fatal(err)
			}
			want := plain.hear()
			if !strings.Contains(want, text) || offering.hear() != want {
				t.Errorf("compression %v: the two readers were told different things", on)
			}
		}
		if small := offering.in.Load() < 3000; small != on || plain.in.Load() < int64(3*len(text)) {
			t.Errorf("compression %v: %d bytes to the one that offers it, %d to the other", on, offering.in.Load(), plain.in.Load())
		}
	}
}
