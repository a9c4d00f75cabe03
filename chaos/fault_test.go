package chaos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const get = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"

var onSSE = Match{Road: SSE}

func TestFault_new_requests(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     Fault
		wantReset bool
		wantAsked bool // the target sees the request
	}{
		{"cut", Fault{Cut: true}, false, false},
		{"reset", Fault{Reset: true}, true, false},
		{"refuse", Fault{Refuse: true}, false, false},
		{"loseAnswer", Fault{LoseAnswer: true}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTarget(t)
			p, _ := newProxy(t, s, Config{}, rule(Match{Path: "/x"}, c.fault))
			w := dialWire(t, p)
			w.send("GET /y HTTP/1.1\r\nHost: x\r\n\r\n")
			w.head()
			take(t, s.seen)
			w.send(get)
			rest, err := w.rest()
			if rest != "" || wasReset(err) != c.wantReset || (err != nil && !wasReset(err)) {
				t.Errorf("%q came, and %v", rest, err)
			}
			until(t, p, "counted", func(s Stats) bool { return s.Faults[c.name] == 1 && s.Rules["r1"] == 1 && s.Connections.Open == 0 })
			if c.wantAsked {
				if got := take(t, s.seen); got != "GET /x 0" {
					t.Errorf("the target saw %q", got)
				}
			} else {
				nothing(t, s.seen)
			}
		})
	}
}

func TestFault_own_answers(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{},
		rule(Match{Path: "/status"}, Fault{Status: 403}),
		rule(Match{Path: "/portal"}, Fault{Portal: &Portal{}}),
		rule(Match{Path: "/own/*"}, Fault{Portal: &Portal{Status: 511, Body: "pay"}}),
		rule(Match{Path: "/moved"}, Fault{Portal: &Portal{Location: "http://login.example/"}}),
		rule(Match{Road: WS}, Fault{Status: 426}))
	for _, r := range []struct {
		path, kind, body, location string
		status                     int
	}{
		{"/status", "text/plain; charset=utf-8", "tutti chaos: rule r1 answers 403\n", "", 403},
		{"/portal", "text/html; charset=utf-8", loginPage, "", 200},
		{"/own/1", "text/html; charset=utf-8", "pay", "", 511},
		{"/moved", "text/html; charset=utf-8", loginPage, "http://login.example/", 302},
	} {
		resp, text, err := request1(t, c, "POST", "http://"+p.Addr()+r.path, strings.Repeat("x", 3<<20))
		if err != nil || resp.StatusCode != r.status || text != r.body || resp.Header.Get("Content-Type") != r.kind || resp.Header.Get("Location") != r.location {
			t.Errorf("%s: %v, %q, %v", r.path, resp, text, err)
		}
	}
	if _, resp, err := dialSocket(t, p); err == nil || resp == nil || resp.StatusCode != 426 {
		t.Errorf("a WebSocket: %v, %v", resp, err)
	}
	nothing(t, s.seen)
	if _, text, err := request1(t, c, "POST", "http://"+p.Addr()+"/else", "as ever"); text != "as ever" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFault_cutAfter(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{}, rule(Match{Path: "/x"}, Fault{CutAfter: 20}))
	w := dialWire(t, p)
	w.send(get)
	if rest, err := w.rest(); rest != "HTTP/1.1 200 OK\r\nFrom"[:20] || err != nil {
		t.Errorf("%q, %v", rest, err)
	}

	// Upwards: the target sees so much of the body and no more.
	if err := p.SetRules([]Rule{rule(Match{Direction: Up}, Fault{CutAfter: 64})}); err != nil {
		t.Fatal(err)
	}
	w = dialWire(t, p)
	w.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000))
	if rest, err := w.rest(); rest != "" || (err != nil && !wasReset(err)) {
		t.Errorf("%q, %v", rest, err)
	}
	if got := p.Stats().Bytes.Up; got != int64(len(get))+64 {
		t.Errorf("%d bytes went up", got)
	}

	// On a stream that is open, it counts from now on.
	if err := p.SetRules(nil); err != nil {
		t.Fatal(err)
	}
	w = dialWire(t, p)
	w.send("GET /v1/sse HTTP/1.0\r\n\r\n")
	w.head()
	if err := p.SetRules([]Rule{rule(onSSE, Fault{CutAfter: 3})}); err != nil {
		t.Fatal(err)
	}
	s.say <- "abcdef"
	if rest, err := w.rest(); rest != "abc" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestFault_on_open_socket(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*Proxy) int
		want func(error) bool
	}{
		{"cut", func(p *Proxy) int { return set(p, Fault{Cut: true}) }, isEOF},
		{"reset", func(p *Proxy) int { return set(p, Fault{Reset: true}) }, wasReset},
		{"cut", func(p *Proxy) int { return p.Cut(WS) }, isEOF},
		{"reset", func(p *Proxy) int { return p.Reset(WS) }, wasReset},
		{"cut", func(p *Proxy) int { return p.Cut("") }, isEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTarget(t)
			p, _ := newProxy(t, s, Config{})
			socket, _, err := dialSocket(t, p)
			if err != nil {
				t.Fatal(err)
			}
			if err := echo(t, socket, "a"); err != nil {
				t.Fatal(err)
			}
			if n := p.Cut(Poll); n != 0 {
				t.Errorf("%d of another road were cut", n)
			}
			if n := c.do(p); n != 1 {
				t.Errorf("%d were ended", n)
			}
			if _, _, err := socket.Read(context.Background()); !c.want(err) {
				t.Errorf("the client sees %v", err)
			}
			take(t, s.gone)
			if got := p.Stats().Faults[c.name]; got != 1 {
				t.Errorf("%d are counted", got)
			}
		})
	}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// set sets one rule for WebSockets, and returns how many requests it did
// something to at once.
func set(p *Proxy, f Fault) int {
	if err := p.SetRules([]Rule{rule(Match{Road: WS}, f)}); err != nil {
		return -1
	}
	return int(p.Stats().Rules["r1"])
}

// A pause takes hold of an open stream, holds a new one, and lets go of both.
func TestFault_pause(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	take(t, s.seen)
	if set(p, Fault{Pause: true}) < 0 {
		t.Fatal("no rule")
	}
	if err := socket.Write(context.Background(), websocket.MessageText, []byte("held")); err != nil {
		t.Fatal(err)
	}
	until(t, p, "held", func(s Stats) bool { return s.Faults["pause"] == 1 })
	w := dialWire(t, p)
	w.send("GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
	until(t, p, "held", func(s Stats) bool { return s.Faults["pause"] == 2 && s.Open[WS] == 2 })
	nothing(t, s.seen)
	if !p.RemoveRule("r1") || p.RemoveRule("r1") {
		t.Error("the rule was there once")
	}
	if _, text, err := socket.Read(context.Background()); string(text) != "held" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if head := w.head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Errorf("%q", head)
	}
}

// One direction is paused, the other is not.
func TestFault_pause_down(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	take(t, s.seen)
	if _, err := p.AddRule(Rule{ID: "mute", Match: Match{Direction: Down}, Fault: Fault{Pause: true}}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := socket.Write(context.Background(), websocket.MessageText, []byte(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
		if got := take(t, s.seen); got != "frame "+strconv.Itoa(i) {
			t.Fatalf("the target saw %q", got)
		}
	}
	until(t, p, "held", func(s Stats) bool { return s.Rules["mute"] == 1 })
	down := p.Stats().Bytes.Down
	p.RemoveRule("mute")
	for i := range 3 {
		if _, text, err := socket.Read(context.Background()); string(text) != strconv.Itoa(i) || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	if got := p.Stats().Bytes.Down - down; got != 3*3 {
		t.Errorf("%d bytes were held", got)
	}
}

// A client that leaves in a tunnel is there for the target until it ends.
func TestFault_half_open(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	set(p, Fault{Pause: true})
	_ = socket.CloseNow()
	until(t, p, "the target has it still", func(s Stats) bool { return s.Open[WS] == 1 })
	nothing(t, s.gone)
	p.RemoveRule("r1")
	take(t, s.gone)
	until(t, p, "the connection is gone", func(s Stats) bool { return s.Connections.Open == 0 })
}

func TestFault_delay_and_dribble_are_lifted_at_once(t *testing.T) {
	for _, f := range []Fault{
		{Delay: 20 * time.Hour},
		{Jitter: 20 * time.Hour},
		{Dribble: &Dribble{Bytes: 1, Every: 20 * time.Hour}},
	} {
		s := newTarget(t)
		p, _ := newProxy(t, s, Config{})
		socket, _, err := dialSocket(t, p)
		if err != nil {
			t.Fatal(err)
		}
		set(p, f)
		if err := socket.Write(context.Background(), websocket.MessageText, []byte("late")); err != nil {
			t.Fatal(err)
		}
		until(t, p, "held", func(s Stats) bool { return s.Rules["r1"] == 1 })
		p.RemoveRule("r1")
		if _, text, err := socket.Read(context.Background()); string(text) != "late" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
}

// A buffering proxy: the head comes, the body when it has ended.
func TestFault_buffer(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{BufferBytes: 100}, Rule{ID: "b", Match: onSSE, Fault: Fault{Buffer: true}})
	w := dialWire(t, p)
	w.send("GET /v1/sse HTTP/1.0\r\n\r\n")
	w.head()
	before := p.Stats().Bytes.Down
	s.say <- "a"
	until(t, p, "held", func(s Stats) bool { return s.Rules["b"] == 1 })
	if got := p.Stats().Bytes.Down; got != before {
		t.Errorf("%d bytes went down", got-before)
	}

	// What outgrows the buffer goes on, all of it.
	s.say <- strings.Repeat("b", 99)
	s.say <- "c"
	w.expect("a" + strings.Repeat("b", 99) + "c")
	s.say <- "d"

	// Lifted, what is held comes; and then as it is said.
	p.RemoveRule("b")
	w.expect("d")
	s.say <- "e"
	w.expect("e")

	// The end of the body lets go too.
	if _, err := p.AddRule(Rule{ID: "b", Match: onSSE, Fault: Fault{Buffer: true}}); err != nil {
		t.Fatal(err)
	}
	s.say <- "f"
	until(t, p, "held", func(s Stats) bool { return s.Rules["b"] == 1 })
	close(s.say)
	if rest, err := w.rest(); rest != "f" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestFault_buffer_socket(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{}, rule(Match{Road: WS}, Fault{Buffer: true}))
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatalf("the handshake is not held: %v", err)
	}
	if err := socket.Write(context.Background(), websocket.MessageText, []byte("muted")); err != nil {
		t.Fatal(err)
	}
	take(t, s.seen)
	if got := take(t, s.seen); got != "frame muted" {
		t.Errorf("the target saw %q", got)
	}
	until(t, p, "held", func(s Stats) bool { return s.Faults["buffer"] == 1 })
	p.RemoveRule("r1")
	if _, text, err := socket.Read(context.Background()); string(text) != "muted" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFault_loseAnswer_on_open_socket(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{})
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	take(t, s.seen)
	if err := p.SetRules([]Rule{rule(Match{Road: WS, Nth: 1}, Fault{LoseAnswer: true})}); err != nil {
		t.Fatal(err)
	}
	if err := echo(t, socket, "once"); !isEOF(err) {
		t.Errorf("the client sees %v", err)
	}
	if got := take(t, s.seen); got != "frame once" {
		t.Errorf("the target saw %q", got)
	}
	// The open one was the first that fits. The next is not spoiled.
	socket, _, err = dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := echo(t, socket, "again"); err != nil {
		t.Error(err)
	}
}

func TestFault_halfClose(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{}, rule(Match{Road: WS, Direction: Down}, Fault{HalfClose: true}))

	// Down: the client sees the end behind the handshake, the target hears it still.
	socket, _, err := dialSocket(t, p)
	if err != nil {
		t.Fatal(err)
	}
	take(t, s.seen)
	if err := socket.Write(context.Background(), websocket.MessageText, []byte("heard")); err != nil {
		t.Fatal(err)
	}
	if got := take(t, s.seen); got != "frame heard" {
		t.Errorf("the target saw %q", got)
	}
	if _, _, err := socket.Read(context.Background()); !isEOF(err) {
		t.Errorf("the client sees %v", err)
	}
	_ = socket.CloseNow()
	take(t, s.gone)

	// Up, on a stream that is open: the target sees the end, and ends in turn.
	if err := p.SetRules(nil); err != nil {
		t.Fatal(err)
	}
	w := dialWire(t, p)
	w.send("GET /v1/sse HTTP/1.0\r\n\r\n")
	w.head()
	if err := p.SetRules([]Rule{rule(Match{Road: SSE, Direction: Up}, Fault{HalfClose: true})}); err != nil {
		t.Fatal(err)
	}
	if got := take(t, s.gone); got != "/v1/sse" {
		t.Errorf("%q is gone", got)
	}
	if rest, err := w.rest(); rest != "" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestMatch_nth_and_probability(t *testing.T) {
	s := newTarget(t)
	hits := func(seed uint64, m Match) string {
		p, c := newProxy(t, s, Config{Seed: seed}, rule(m, Fault{Status: 418}))
		var all strings.Builder
		for range 40 {
			resp, _, err := request1(t, c, "POST", "http://"+p.Addr()+"/", "")
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode == 418 {
				all.WriteByte('x')
			} else {
				all.WriteByte('-')
				take(t, s.seen)
			}
		}
		return all.String()
	}
	if got, want := hits(1, Match{Nth: 3}), "--x"+strings.Repeat("-", 37); got != want {
		t.Errorf("the third: %s", got)
	}
	if got, want := hits(1, Match{Method: http.MethodGet}), strings.Repeat("-", 40); got != want {
		t.Errorf("of another method: %s", got)
	}
	half := Match{Probability: 0.5}
	first := hits(7, half)
	if n := strings.Count(first, "x"); n < 8 || n > 32 {
		t.Errorf("%d of 40: %s", n, first)
	}
	if again := hits(7, half); again != first {
		t.Errorf("the same seed: %s and %s", first, again)
	}
	if other := hits(8, half); other == first {
		t.Errorf("another seed: %s", other)
	}
}

// The first rule that sets a fault does it; others are added to it.
func TestRules_together(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{},
		rule(Match{Path: "/x"}, Fault{Status: 401}),
		rule(Match{}, Fault{Status: 402, Delay: time.Nanosecond}))
	for path, want := range map[string]int{"/x": 401, "/y": 402} {
		if resp, _, err := request1(t, c, "GET", "http://"+p.Addr()+path, ""); err != nil || resp.StatusCode != want {
			t.Errorf("%s: %v, %v", path, resp, err)
		}
	}
	if st := p.Stats(); st.Faults["delay"] != 2 || st.Rules["r1"] != 1 || st.Rules["r2"] != 3 {
		t.Errorf("counts are %+v", st)
	}
}

func TestExempt(t *testing.T) {
	s := newTarget(t)
	p, c := newProxy(t, s, Config{Exempt: "/faults"}, rule(Match{}, Fault{Refuse: true}))
	for _, path := range []string{"/faults", "/faults/rules"} {
		if _, _, err := request1(t, c, "GET", "http://"+p.Addr()+path, ""); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := request1(t, c, "POST", "http://"+p.Addr()+"/faultsome", ""); err == nil {
		t.Error("a path that begins alike is exempt")
	}
}

func TestClose_ends_what_waits(t *testing.T) {
	s := newTarget(t)
	p, _ := newProxy(t, s, Config{}, rule(Match{Direction: Down}, Fault{Delay: 20 * time.Hour}), rule(Match{Path: "/paused"}, Fault{Pause: true}))
	for _, path := range []string{"/x", "/paused", "/v1/sse"} {
		w := dialWire(t, p)
		w.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	until(t, p, "all wait", func(s Stats) bool { return s.Faults["delay"] == 2 && s.Faults["pause"] == 1 })
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if st := p.Stats(); st.Connections.Open != 0 || len(st.Open) != 0 {
		t.Errorf("counts are %+v", st)
	}
}
