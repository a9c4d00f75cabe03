package chaos

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// laneTo makes a lane down to a pipe, in the middle of an exchange that the
// rules are for.
func laneTo(t *testing.T, dst net.Conn, rules ...Rule) *lane {
	p := &Proxy{config: Config{BufferBytes: 1 << 20, Seed: 1}, open: make(map[*exchange]struct{}), requests: make(map[Road]int64)}
	if err := p.SetRules(rules); err != nil {
		t.Fatal(err)
	}
	c := newConn(p, 1, dst)
	l := newLane(c, Down, newIntake(), dst)
	l.begin(p.begin(c, request{road: Other, method: "GET", path: "/"}))
	return l
}

type arrival struct {
	after time.Duration
	text  string
}

// arrivals sends pieces through a lane as they come and returns when each piece
// of them was there.
func arrivals(t *testing.T, rules []Rule, pieces ...arrival) []arrival {
	var got []arrival
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		l := laneTo(t, near, rules...)
		start, feed := time.Now(), make(chan chunk, len(pieces))
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 100)
			for {
				n, err := far.Read(buf)
				if err != nil {
					return
				}
				got = append(got, arrival{time.Since(start), string(buf[:n])})
			}
		}()
		go func() {
			for _, a := range pieces {
				time.Sleep(time.Until(start.Add(a.after)))
				feed <- chunk{[]byte(a.text), time.Now()}
			}
			close(feed)
		}()
		for ch := range feed {
			if err := l.send(ch, true); err != nil {
				t.Fatal(err)
			}
		}
		l.conn.end(false)
		<-done
	})
	return got
}

const ms = time.Millisecond

// A delay makes each byte late, and the line no narrower.
func TestLane_delay(t *testing.T) {
	got := arrivals(t, []Rule{{Fault: Fault{Delay: 100 * ms}}}, arrival{0, "a"}, arrival{10 * ms, "b"}, arrival{20 * ms, "c"}, arrival{300 * ms, "d"})
	want := []arrival{{100 * ms, "a"}, {110 * ms, "b"}, {120 * ms, "c"}, {400 * ms, "d"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Jitter stays within its bound, keeps the order, and is the same by the same
// seed.
func TestLane_jitter(t *testing.T) {
	rules := []Rule{{Fault: Fault{Delay: 100 * ms, Jitter: 50 * ms}}}
	var pieces []arrival
	for i := range 26 {
		pieces = append(pieces, arrival{time.Duration(i) * 10 * ms, string(rune('a' + i))})
	}
	got := arrivals(t, rules, pieces...)
	late := make(map[time.Duration]bool)
	for i, a := range got {
		d := a.after - pieces[i].after
		late[d] = true
		if a.text != pieces[i].text || d < 100*ms || d >= 150*ms {
			t.Errorf("%s is late by %v", a.text, d)
		}
	}
	if len(got) != 26 || len(late) < 10 {
		t.Errorf("%d came, late by %d different times", len(got), len(late))
	}
	if again := arrivals(t, rules, pieces...); !slices.Equal(got, again) {
		t.Errorf("again: %v", again)
	}
}

func TestLane_dribble(t *testing.T) {
	got := arrivals(t, []Rule{{Fault: Fault{Dribble: &Dribble{Bytes: 2, Every: 10 * ms}}}}, arrival{0, "abcde"}, arrival{5 * ms, "f"}, arrival{100 * ms, "gh"})
	want := []arrival{{0, "ab"}, {10 * ms, "cd"}, {20 * ms, "e"}, {30 * ms, "f"}, {100 * ms, "gh"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// endlessReader counts what is read of it.
type endlessReader struct{ n int }

func (r *endlessReader) Read(buf []byte) (int, error) {
	r.n += len(buf)
	return len(buf), nil
}

// An intake whose bytes nobody takes stops reading.
func TestIntake_is_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, done, source := newIntake(), make(chan struct{}), &endlessReader{}
		go in.run(source, done)
		synctest.Wait()
		if want := (chunksAhead + 1) * readBytes; source.n != want {
			t.Errorf("%d bytes were read, not %d", source.n, want)
		}
		close(done)
		synctest.Wait()
		n := 0
		for ch := range in.chunks {
			n += len(ch.data)
		}
		if n != chunksAhead*readBytes || !errors.Is(in.err, errGone) {
			t.Errorf("%d bytes, %v", n, in.err)
		}
	})
}

// What a buffer fault holds never grows beyond its bound by more than one piece.
func TestLane_buffer_is_bounded(t *testing.T) {
	near, far := net.Pipe()
	l := laneTo(t, near, Rule{Fault: Fault{Buffer: true}})
	l.conn.proxy.config.BufferBytes = 1000
	out := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, far)
		out <- n
	}()
	for range 1000 {
		if err := l.send(chunk{bytes.Repeat([]byte("x"), 300), time.Now()}, true); err != nil {
			t.Fatal(err)
		}
		if len(l.held) > 1000 {
			t.Fatalf("%d bytes are held", len(l.held))
		}
	}
	if err := l.release(); err != nil {
		t.Fatal(err)
	}
	l.conn.end(false)
	if n := <-out; n != 300_000 {
		t.Errorf("%d bytes came", n)
	}
}

// Bytes that were on their way when a buffer was lifted stay behind those that
// it held.
func TestLane_buffer_keeps_the_order(t *testing.T) {
	near, far := net.Pipe()
	l := laneTo(t, near, Rule{ID: "b", Fault: Fault{Buffer: true}})
	out := make(chan string)
	go func() {
		text, _ := io.ReadAll(far)
		out <- string(text)
	}()
	if err := l.send(chunk{[]byte("held "), time.Now()}, true); err != nil {
		t.Fatal(err)
	}
	l.conn.proxy.RemoveRule("b")
	if err := l.send(chunk{[]byte("on its way"), time.Now()}, true); err != nil {
		t.Fatal(err)
	}
	l.conn.end(false)
	if got := <-out; got != "held on its way" {
		t.Errorf("%q came", got)
	}
}
