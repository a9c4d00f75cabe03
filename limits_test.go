package tutti_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/tuttitest"
)

// patience ends a test that would hang.
const patience = 30 * time.Second

// reached is how often a limit was reached.
func reached(t *testing.T, url string, l protocol.Limit) string {
	t.Helper()
	r, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), fmt.Sprintf("tutti_limited_total{limit=%q} ", l)); ok {
			return n
		}
	}
	t.Fatalf("the limit %s is not counted", l)
	return ""
}

// open lets everybody do everything in the namespace open, and keeps rates.
func open(b tutti.Bounds) tutti.Config {
	verbs := []tutti.Verb{"read", "publish", "history"}
	return tutti.Config{Namespaces: map[string]tutti.Namespace{"open": {Anonymous: verbs}}, Bounds: b}
}

// The application sees nothing of a rate but that some of it takes longer.
func TestLimits_LIMIT_7_a_client_goes_through_in_order(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := tuttitest.New(t, open(tutti.Bounds{Commands: 50}))
	const entries = 350
	topic := s.Client().Topic("open:a")
	acked := make(chan error, entries)
	for i := range entries {
		go func() {
			_, err := topic.Publish(ctx, i, client.PublishOptions{})
			acked <- err
		}()
	}
	for range entries {
		if err := <-acked; err != nil {
			t.Fatal(err)
		}
	}
	if p, err := s.Server.Publish(ctx, "open:a", tutti.Message{Data: "last"}); err != nil || p.Offset != entries+1 {
		t.Fatalf("got %+v, %v", p, err)
	}
	if reached(t, s.URL, protocol.CommandsLimit) == "0" {
		t.Error("the rate was never reached")
	}
}

// filled is how many entries fill writes.
const filled = 320

// fill writes so much to a topic that no socket's buffers hold it.
func fill(ctx context.Context, t *testing.T, s *tuttitest.Server, topic string) {
	t.Helper()
	for i := range filled {
		data := fmt.Sprintf("%d %s", i, strings.Repeat("x", 60_000))
		if _, err := s.Server.Publish(ctx, topic, tutti.Message{Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

// A WebSocket that asks for pages and takes none is closed, and nobody else.
func TestLimits_LIMIT_12_a_websocket_that_takes_nothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := tuttitest.New(t, open(tutti.Bounds{OutboundTotal: 256 << 10, Commands: -1}))
	fill(ctx, t, s, "open:a")
	dial := func() *websocket.Conn {
		c, _, err := websocket.Dial(ctx, s.URL+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{protocol.Version}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		c.SetReadLimit(4 << 20)
		if err := c.Write(ctx, websocket.MessageText, []byte(`{"type":"hello"}`)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
		return c
	}
	slow, calm := dial(), dial()
	for id := 1; id <= 20 && reached(t, s.URL, protocol.OutboundTotalLimit) == "0"; id++ {
		ask := fmt.Sprintf(`{"type":"history","id":%d,"topic":"open:a","limit":1000}`, id)
		if err := slow.Write(ctx, websocket.MessageText, []byte(ask)); err != nil {
			break // it was closed
		}
	}
	for reached(t, s.URL, protocol.OutboundTotalLimit) == "0" {
		if ctx.Err() != nil {
			t.Fatal("it is not closed")
		}
	}
	var err error
	for err == nil {
		_, _, err = slow.Read(ctx)
	}
	if code := websocket.CloseStatus(err); code != 4002 && code != -1 {
		t.Errorf("it is closed by %v", err)
	}
	if err := calm.Write(ctx, websocket.MessageText, []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	if _, m, err := calm.Read(ctx); err != nil || string(m) != `{"type":"pong"}` {
		t.Errorf("the other hears %s, %v", m, err)
	}
}

// Of streams that take nothing some are cut; they come back, and have missed
// nothing.
func TestLimits_LIMIT_12_streams_that_take_nothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := tuttitest.New(t, open(tutti.Bounds{OutboundTotal: 256 << 10}))
	fill(ctx, t, s, "open:a")
	stream := func(cursor string) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := fmt.Fprintf(conn, "GET /v1/sse?topic=open:a&cursor=%s HTTP/1.0\r\nHost: x\r\n\r\n", cursor); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	var slow []net.Conn
	for range 8 {
		slow = append(slow, stream("0"))
	}
	for reached(t, s.URL, protocol.OutboundTotalLimit) == "0" {
		if ctx.Err() != nil {
			t.Fatal("none is cut")
		}
	}
	cuts := 0
	for _, conn := range slow {
		for seen, id := 0, "0"; ; cuts++ {
			seen, id = readEvents(t, conn, seen, id)
			conn.Close()
			if seen == filled {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("%d were seen", seen)
			}
			conn = stream(id)
		}
	}
	if cuts == 0 {
		t.Error("no stream was cut")
	}
}

// readEvents reads what comes, and returns how many entries were seen, and the
// id of the last.
func readEvents(t *testing.T, r io.Reader, seen int, id string) (int, string) {
	t.Helper()
	next := id
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return seen, id
		}
		if value, ok := strings.CutPrefix(line, "id: "); ok {
			next = strings.TrimSpace(value)
		}
		if value, ok := strings.CutPrefix(line, `data: "`); ok {
			if number, _, _ := strings.Cut(value, " "); number != fmt.Sprint(seen) {
				t.Fatalf("entry %s comes, want %d", number, seen)
			}
			if _, err := lines.ReadString('\n'); err != nil {
				return seen, id
			}
			if seen, id = seen+1, next; seen == filled {
				return seen, id
			}
		}
	}
}
