package hub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tuttisync/tutti/protocol"
)

// page makes a topic whose history is about this long, and a question for it.
func (n *node) page(topic string, bytes int) string {
	n.t.Helper()
	n.tell(topic, `"`+strings.Repeat("x", bytes)+`"`)
	return fmt.Sprintf(`{"type":"history","id":1,"topic":%q}`, topic)
}

// stuck stalls the line, and waits until the answer to a command hangs in it, or
// the hub has closed it over that already.
func (l *line) stuck(command string) {
	l.t.Helper()
	l.stall()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		l.say(command)
	}()
	l.t.Cleanup(func() { <-heard })
	l.await(l.t, "something that stalls", func() bool { return l.done != nil || l.closed })
}

func roomy(c *Config) { c.Session.Limits.MessageBytes = 1 << 20 }

func TestOutbound(t *testing.T) {
	t.Run("LIMIT-11/what_waits_for_one", func(t *testing.T) {
		n := newNode(t, roomy, func(c *Config) { c.OutboundBytes = 100 << 10 })
		ask := n.page("a", 150<<10)
		fine, slow := n.reader(), n.reader()
		fine.say(ask)
		fine.expect("history")
		fine.quiet()
		slow.stuck(ask)
		slow.say(`{"type":"ping"}`)
		if _, code := slow.end(); code != 4002 {
			t.Errorf("closed with %d", code)
		}
		n.limited(protocol.OutboundBytesLimit, 1)
		fine.quiet()
	})
	t.Run("LIMIT-12/the_worst_first", func(t *testing.T) {
		n := newNode(t, roomy, func(c *Config) { c.OutboundTotal = 300 << 10 })
		var lines []*line
		for i, kib := range []int{90, 200, 20} {
			l := n.reader()
			l.stuck(n.page(fmt.Sprint("topic", i), kib<<10))
			lines = append(lines, l)
		}
		if _, code := lines[1].end(); code != 4002 {
			t.Errorf("the worst is closed with %d", code)
		}
		for _, i := range []int{0, 2} {
			lines[i].release()
			lines[i].expect("history")
			lines[i].quiet()
		}
		n.limited(protocol.OutboundTotalLimit, 1)
	})
	t.Run("LIMIT-12/one_that_is_shed_goes_on_where_it_was", func(t *testing.T) {
		n := newNode(t, roomy, func(c *Config) { c.OutboundTotal = 100 << 10 })
		n.tellMany("a", 1, 3)
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		l.entries("a", 1, 3)
		l.stuck(n.page("b", 150<<10))
		n.tellMany("a", 4, 6)
		l.end()
		again := n.reader()
		again.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":3,"term":%q}}`, n.log.Term()))
		if m := again.expect("subscribed"); !m.Recovered {
			t.Errorf("got %+v", m)
		}
		again.entries("a", 4, 6)
	})
	t.Run("LIMIT-12/streams_too", func(t *testing.T) {
		n := newNode(t, roomy, func(c *Config) { c.OutboundTotal = 100 << 10 })
		cut := make(chan struct{})
		s, err := n.Open(context.Background(), StreamConfig{
			Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}, Encoding: Stored, Cut: func() { close(cut) },
		})
		must(t, err)
		defer s.Close()
		n.tell("a", `"`+strings.Repeat("x", 150<<10)+`"`)
		if _, err := s.Next(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		<-cut
		if _, err := s.Next(context.Background(), nil); protocol.AsError(err).Code != protocol.Overloaded {
			t.Errorf("got %v", err)
		}
		if bytes := n.outbound.bytes.Load(); bytes != 0 {
			t.Errorf("%d bytes are still in the account", bytes)
		}
	})
	t.Run("LIMIT-12/the_programs_own_streams_are_not_counted", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.OutboundTotal = 1 })
		s, err := n.Open(context.Background(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "a"}}, Encoding: Stored})
		must(t, err)
		defer s.Close()
		for o := range 3 {
			n.tell("a", fmt.Sprint(o))
			if _, err := s.Next(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("LIMIT-12/no_pages_while_too_much_waits", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.OutboundTotal = 1 << 20 })
		ask := n.page("a", 10)
		l := n.reader()
		n.outbound.relieved.Store(true) // what is held here is nobody's, so that nobody is closed for it
		n.Hub.held(0, 2<<20)
		l.say(ask)
		if m := l.expect("error"); m.code() != protocol.Overloaded || m.Error.RetryAfter <= 0 {
			t.Errorf("got %+v", m)
		}
		n.Hub.held(2<<20, 0)
		l.say(ask)
		l.expect("history")
	})
}

// However much is said to readers that take nothing, what they hold does not
// grow; of what their ring still holds it is nothing.
func TestOutbound_does_not_grow_with_slow_readers(t *testing.T) {
	const readers = 50
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.TopicRing = 64 << 10 })
		data := `"` + strings.Repeat("x", 1000) + `"`
		all := make([]*line, readers)
		for i := range all {
			all[i] = n.reader()
			all[i].say(`{"type":"subscribe","id":1,"topic":"a"}`)
			all[i].expect("subscribed")
			synctest.Wait()
			all[i].stall()
		}
		n.tell("a", data)
		n.pass(2 * wheelTick)
		if held := n.outbound.bytes.Load(); held != 0 {
			t.Errorf("%d bytes of the ring are held against its readers", held)
		}
		var first int64
		for round := range 3 {
			for range 300 {
				n.tell("a", data)
			}
			n.pass(2 * wheelTick)
			held := n.outbound.bytes.Load()
			if round == 0 {
				first = held
			}
			if held != first || held < readers*1000 || held > readers*2000 {
				t.Errorf("after round %d %d bytes are held, first %d", round, held, first)
			}
		}
		for _, l := range all {
			l.release()
		}
		n.pass(2 * wheelTick)
		if held := n.outbound.bytes.Load(); held != 0 {
			t.Errorf("%d bytes are held when all is taken", held)
		}
		for _, l := range all {
			for o := uint64(1); o <= 901; o++ {
				if m := l.expect("entry"); m.Offset != o {
					t.Fatalf("got %d, want %d", m.Offset, o)
				}
			}
		}
	})
}
