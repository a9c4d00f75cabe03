package hub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// slow is a log that reads entries of topics named old only when it is let.
type slow struct {
	store.Log
	gate chan struct{}
}

func (s *slow) Read(ctx context.Context, topic string, after uint64, limit, maxBytes int) ([]store.Entry, error) {
	if protocol.Namespace(topic) == "old" {
		<-s.gate
	}
	return s.Log.Read(ctx, topic, after, limit, maxBytes)
}

func slowly(gate chan struct{}) func(*Config) {
	return func(c *Config) {
		log := &slow{Log: c.Durable, gate: gate}
		c.Durable, c.Memory = log, log
	}
}

// Readers that wait for the store, however many, hold up neither those that are
// served from memory nor what they themselves read from there.
func TestCatchup_the_store_holds_up_nobody_else(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		n := newNode(t, slowly(gate))
		n.tellMany("old:a", 1, 50)
		subscribe := func(l *line, topic, from string) {
			l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q,"from":%q}`, topic, from))
			l.expect("subscribed")
		}
		lines := []*line{n.reader()}
		subscribe(lines[0], "new", "new")
		for range 4 * maxWriters {
			l := n.reader()
			subscribe(l, "old:a", "earliest")
			subscribe(l, "new", "new")
			lines = append(lines, l)
			s, err := n.Open(t.Context(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "old:a", From: protocol.FromEarliest()}}})
			must(t, err)
			n.Go(func() {
				defer s.Close()
				if _, err := s.Next(context.Background(), nil); err != nil {
					t.Errorf("a stream: %v", err)
				}
			})
		}
		synctest.Wait()
		n.tellMany("new", 1, 20)
		for _, l := range lines {
			l.entries("new", 1, 20)
		}
		close(gate)
		for _, l := range lines[1:] {
			l.entries("old:a", 1, 50)
		}
	})
}

// A reader that takes nothing holds one page beside what is being written to
// it, however far it falls behind, and then gets all.
func TestCatchup_a_stalled_reader_holds_one_page(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const entries = 3000
		n := newNode(t, func(c *Config) { c.TopicRing = 16 << 10 })
		text := strings.Repeat("x", 500)
		tell := func() { n.tell("a", fmt.Sprintf("%q", text)) }
		for range entries / 2 {
			tell()
		}
		l := n.reader()
		l.stall()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		for range entries / 2 {
			tell()
		}
		synctest.Wait()
		held := 0
		for _, f := range l.held {
			held += len(f)
		}
		l.conn.mu.Lock()
		if l.conn.catchup.waits() {
			held += l.conn.catchup.page.news.bytes
		}
		l.conn.mu.Unlock()
		if held > 2*flushBytes+len(text)*2 {
			t.Errorf("it holds %d bytes", held)
		}
		l.release()
		l.expect("subscribed")
		for o := range uint64(entries) {
			if m := l.expect("entry"); m.Offset != o+1 {
				t.Fatalf("behind %d came %d", o, m.Offset)
			}
		}
	})
}

// What was read from the store for an identity that has expired meanwhile is
// kept back until there is a fresh token, or dropped with its subscription.
func TestCatchup_AUTH_4_expiry_while_reading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		id := everyone
		id.Expires = time.Now().Add(10 * time.Second)
		n := newNode(t, slowly(gate), func(c *Config) {
			c.Identify = func(string, protocol.Secret) (auth.Identity, error) { return id, nil }
		})
		n.tellMany("old:a", 1, 50)
		n.tellMany("old:b", 1, 50)
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"old:a","from":"earliest"}`)
		l.expect("subscribed")
		l.say(`{"type":"subscribe","id":2,"topic":"old:b","from":"earliest"}`)
		l.expect("subscribed")
		if m := l.expect("error"); m.code() != protocol.TokenExpired {
			t.Errorf("got %+v", m)
		}
		close(gate)
		synctest.Wait()
		l.quiet()
		l.say(`{"type":"unsubscribe","id":3,"topic":"old:a"}`)
		l.expect("unsubscribed")
		id.Expires = time.Time{}
		l.say(`{"type":"auth","id":4,"token":"fresh"}`)
		l.expect("authenticated")
		l.entries("old:b", 1, 50)
		l.quiet()
	})
}
