package chaos

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Rules that hold bytes may come and go at any moment: what is said arrives,
// once and in order.
func TestRules_change_under_traffic(t *testing.T) {
	const clients, changes, last = 6, 40, "last"
	s := newTarget(t)
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-s.seen:
			case <-over:
				return
			}
		}
	}()
	enough := make(chan struct{}) // closed when all changes were made
	p, _ := newProxy(t, s, Config{BufferBytes: 64})
	var all sync.WaitGroup
	for range clients {
		socket, _, err := dialSocket(t, p)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for i, frame := 0, ""; frame != last; i++ {
				frame = strconv.Itoa(i)
				select {
				case <-enough:
					frame = last
				default:
				}
				if err := socket.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			for i := 0; ; i++ {
				_, text, err := socket.Read(ctx)
				if string(text) == last {
					return
				}
				if string(text) != strconv.Itoa(i) || err != nil {
					t.Errorf("%q, %v came in place of %d", text, err, i)
					return
				}
			}
		})
	}
	faults := []Fault{
		{Pause: true},
		{Delay: time.Millisecond, Jitter: time.Millisecond},
		{Buffer: true},
		{Dribble: &Dribble{Bytes: 3, Every: time.Microsecond}},
		{Buffer: true, Dribble: &Dribble{Bytes: 100, Every: time.Millisecond}},
	}
	for i := range changes {
		id := strconv.Itoa(i)
		if err := p.SetRules([]Rule{{ID: id, Match: Match{Probability: 0.7}, Fault: faults[i%len(faults)]}}); err != nil {
			t.Fatal(err)
		}
		until(t, p, "the fault is done", func(s Stats) bool { return s.Rules[id] > 0 })
	}
	if err := p.SetRules(nil); err != nil { // what is left comes by itself
		t.Fatal(err)
	}
	close(enough)
	all.Wait()
	for _, name := range []string{"pause", "delay", "buffer", "dribble"} {
		if p.Stats().Faults[name] == 0 {
			t.Errorf("no %s was done", name)
		}
	}
}

// What is not HTTP/1.1 passes too, and rules without a match are for it.
func TestForward_foreign(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	p, err := New(Config{Target: s.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := s.Client()
	for range 2 {
		if _, text, err := request1(t, c, "GET", "https://"+p.Addr()+"/v1/sse", ""); text != "HTTP/2.0" || err != nil {
			t.Fatalf("%q, %v", text, err)
		}
	}
	if st := p.Stats(); st.Requests[Other] != 1 || st.Open[Other] != 1 {
		t.Errorf("counts are %+v", st)
	}
	if err := p.SetRules([]Rule{{Match: Match{Road: SSE}, Fault: Fault{Cut: true}}}); err != nil || p.Stats().Open[Other] != 1 {
		t.Errorf("%v, %+v", err, p.Stats())
	}
	if n := p.Cut(Other); n != 1 {
		t.Errorf("%d were cut", n)
	}
}

// A head without an end is the target's to refuse, and costs the proxy no more
// than a head's memory.
func TestForward_endless_head(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	w := dialWire(t, p)
	go func() {
		_, _ = io.WriteString(w, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 4<<20)) // until it is refused
	}()
	if head := w.head(); !strings.HasPrefix(head, "HTTP/1.1 431 ") {
		t.Errorf("%q", head)
	}
}
