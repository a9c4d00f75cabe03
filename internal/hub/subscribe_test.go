package hub

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// reader is a connection that has said hello with no client.
func (n *node) reader() *line {
	n.t.Helper()
	l := n.open()
	l.say(`{"type":"hello"}`)
	l.expect("welcome")
	return l
}

func TestSubscribe_starts(t *testing.T) {
	before := newNode(t)
	before.tellMany("a", 1, 6)
	must(t, before.log.Truncate(context.Background(), "a", 3))
	term := before.log.Term()
	n := newNode(t, func(c *Config) { c.Durable, c.Memory = before.log, before.log })
	for _, c := range []struct {
		name, from string
		offset     uint64
		recovered  bool
	}{
		{"SUB-1/new", `,"from":"new"`, 6, true},
		{"SUB-1/new_by_default", ``, 6, true},
		{"SUB-1/earliest", `,"from":"earliest"`, 2, true},
		{"SUB-1/last", `,"from":{"last":3}`, 3, true},
		{"SUB-1/last_of_none", `,"from":{"last":0}`, 6, true},
		{"SUB-1/last_of_more_than_there_are", `,"from":{"last":9007199254740991}`, 2, true},
		{"SUB-1/position", fmt.Sprintf(`,"from":{"offset":4,"term":%q}`, term), 4, true},
		{"SUB-3/position_at_the_head", fmt.Sprintf(`,"from":{"offset":6,"term":%q}`, term), 6, true},
		{"SUB-3/position_just_before_the_first", fmt.Sprintf(`,"from":{"offset":2,"term":%q}`, term), 2, true},
		{"POS-2/position_that_was_forgotten", fmt.Sprintf(`,"from":{"offset":1,"term":%q}`, term), 2, false},
		{"POS-2/the_very_beginning_was_forgotten", `,"from":{"offset":0}`, 2, false},
		{"POS-2/position_from_the_future", fmt.Sprintf(`,"from":{"offset":7,"term":%q}`, term), 2, false},
		{"POS-2/position_of_another_log", `,"from":{"offset":4,"term":"BBBBBBBBBBB"}`, 2, false},
		{"SUB-4/else_earliest", `,"from":{"offset":4,"term":"BBBBBBBBBBB"},"else":"earliest"`, 2, false},
		{"SUB-4/else_new", `,"from":{"offset":4,"term":"BBBBBBBBBBB"},"else":"new"`, 6, false},
		{"SUB-4/else_does_not_matter_to_a_valid_one", fmt.Sprintf(`,"from":{"offset":4,"term":%q},"else":"new"`, term), 4, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := n.reader()
			l.say(fmt.Sprintf(`{"type":"subscribe","id":7,"topic":"a"%s}`, c.from))
			m := l.expect("subscribed")
			if m.ID != 7 || m.Topic != "a" || m.Offset != c.offset || m.Term != term || m.Recovered != c.recovered {
				t.Fatalf("got %+v", m)
			}
			l.entries("a", c.offset+1, 6)
			l.quiet()
		})
	}
}

// A log that was never written to has a place to start, too.
func TestSubscribe_SUB_3_empty_log(t *testing.T) {
	n := newNode(t)
	for i, c := range []struct {
		from      string
		recovered bool
	}{
		{`"new"`, true},
		{`"earliest"`, true},
		{`{"last":3}`, true},
		{`{"offset":0}`, true},
		{`{"offset":1,"term":"BBBBBBBBBBB"}`, false},
	} {
		l := n.reader()
		topic := fmt.Sprint("t", i)
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":%q,"from":%s}`, topic, c.from))
		if m := l.expect("subscribed"); m.Offset != 0 || m.Term != "" || m.Recovered != c.recovered {
			t.Errorf("from %s: %+v", c.from, m)
		}
		n.tell(topic, `1`)
		l.entries(topic, 1, 1)
	}
}

// What a run of the store wrote is known from what another wrote at the same
// offset.
func TestSubscribe_POS_2_store_rolled_back(t *testing.T) {
	n := newNode(t)
	n.tellMany("a", 1, 2)
	backup := n.log.Clone()
	lost := n.tell("a", `3`)
	m := newNode(t, func(c *Config) { c.Durable, c.Memory = backup, backup })
	m.tellMany("a", 3, 4)
	l := m.reader()
	l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":%d,"term":%q}}`, lost.Offset, lost.Term))
	if s := l.expect("subscribed"); s.Recovered || s.Offset != 0 {
		t.Fatalf("got %+v", s)
	}
	l.entries("a", 1, 4)
	l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":2,"term":%q}}`, lost.Term))
	if s := l.expect("subscribed"); !s.Recovered || s.Offset != 2 {
		t.Fatalf("got %+v", s)
	}
	l.entries("a", 3, 4)
}

func TestSubscribe_SUB_5_again_moves_it(t *testing.T) {
	n := newNode(t)
	n.tellMany("a", 1, 3)
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
	l.expect("subscribed")
	l.entries("a", 1, 3)
	l.say(`{"type":"subscribe","id":2,"topic":"a","from":{"last":2}}`)
	l.expect("subscribed")
	l.entries("a", 2, 3)
	n.tell("a", `4`)
	l.entries("a", 4, 4)
	l.quiet()
	l.say(`{"type":"unsubscribe","id":3,"topic":"a"}`)
	if m := l.expect("unsubscribed"); m.ID != 3 || m.Topic != "a" || m.Error != nil {
		t.Errorf("got %+v", m)
	}
	n.tell("a", `5`)
	l.quiet()
}

func TestSubscribe_many_topics(t *testing.T) {
	n := newNode(t, func(c *Config) { c.Session.Limits.Topics = 20 })
	l := n.reader()
	for i := range 20 {
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"t%d"}`, i))
		l.expect("subscribed")
	}
	l.say(`{"type":"subscribe","id":9,"topic":"one more"}`)
	if m := l.expect("error"); m.ID != 9 || m.code() != protocol.LimitExceeded {
		t.Errorf("got %+v", m)
	}
	l.say(`{"type":"subscribe","id":1,"topic":"t3","from":"earliest"}`)
	l.expect("subscribed")
	for i := range 20 {
		n.tell(fmt.Sprint("t", i), `1`)
		l.entries(fmt.Sprint("t", i), 1, 1)
	}
}

// A reader that takes nothing while retention goes on is told what it lost.
func TestSubscribe_SUB_6_reader_behind_retention(t *testing.T) {
	for _, c := range []struct{ name, otherwise, offset string }{
		{"earliest", "", "earliest"},
		{"new", `,"else":"new"`, "new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode(t, func(config *Config) {
					config.Namespace = func(string) (Namespace, error) { return Namespace{KeepCount: 10}, nil }
					config.TopicRing = 4096
				})
				l := n.reader()
				l.say(`{"type":"subscribe","id":1,"topic":"a"` + c.otherwise + `}`)
				l.expect("subscribed")
				n.tellMany("a", 1, 3)
				l.entries("a", 1, 3)
				l.stall()
				n.tell("a", `4`)
				synctest.Wait() // the write of entry 4 has stalled
				n.tellMany("a", 5, 500)
				n.pass(12 * time.Second)
				l.release()
				l.read += l.until("subscribed")
				m := l.expect("subscribed")
				want := uint64(490)
				if c.name == "new" {
					want = 500
				}
				if m.ID != 0 || m.Recovered || m.Offset != want || m.Term != n.log.Term() {
					t.Fatalf("got %+v", m)
				}
				l.entries("a", want+1, 500)
				n.tell("a", `501`)
				l.entries("a", 501, 501)
			})
		})
	}
}

// until counts the entries before the next message of a kind; they must be in
// order.
func (l *line) until(kind string) int {
	l.t.Helper()
	count := 0
	l.await(l.t, kind, func() bool {
		for i, m := range l.said[l.read:] {
			if m.Type == kind {
				count = i
				return true
			}
		}
		return false
	})
	return count
}

// pass lets a connection live through some time.
func (n *node) pass(d time.Duration) {
	n.t.Helper()
	time.Sleep(d)
	synctest.Wait()
}

// An idle connection is a position and a mark: no goroutine of the hub waits
// for it.
func TestSubscribe_idle_costs_no_goroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		lines := make([]*line, 500)
		for i := range lines {
			lines[i] = n.reader()
			lines[i].say(`{"type":"subscribe","id":1,"topic":"a"}`)
			lines[i].expect("subscribed")
		}
		synctest.Wait()
		n.tasks.mu.Lock()
		running := n.tasks.running
		n.tasks.mu.Unlock()
		if running != 0 {
			t.Errorf("%d tasks run while %d connections are idle", running, len(lines))
		}
		n.tell("a", `1`)
		for _, l := range lines {
			l.entries("a", 1, 1)
		}
	})
}

// A peer that takes nothing costs what one write gathers, however much is
// published meanwhile, and then gets all of it.
func TestSubscribe_stalled_peer_costs_no_queue(t *testing.T) {
	n := newNode(t)
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	l.expect("subscribed")
	l.stall()
	const last = 3000
	n.tellMany("a", 1, last)
	l.await(t, "a write that stalls", func() bool { return l.done != nil })
	l.mu.Lock()
	held := 0
	for _, f := range l.held {
		held += len(f)
	}
	l.mu.Unlock()
	if held > flushBytes+4096 {
		t.Errorf("%d bytes are held for a peer that takes nothing", held)
	}
	l.conn.mu.Lock()
	if len(l.conn.replies) > 0 || len(l.conn.dirty) > 1 {
		t.Errorf("%d bytes and %d cursors wait", len(l.conn.replies), len(l.conn.dirty))
	}
	l.conn.mu.Unlock()
	l.release()
	l.entries("a", 1, last)
}

// A peer that asks for much and takes nothing is not read any more, even in the
// middle of a frame.
func TestConn_answers_are_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t)
		n.tell("a", fmt.Sprintf(`"%060000d"`, 1))
		l := n.reader()
		l.stall()
		frame := []byte(`[{"type":"ping"}`)
		for range 2000 {
			frame = append(frame, `,{"type":"history","id":1,"topic":"a"}`...)
		}
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			l.say(string(append(frame, ']')))
		}()
		synctest.Wait()
		l.conn.mu.Lock()
		if waiting := len(l.conn.replies); waiting > maxReplies+maxHistoryBytes {
			t.Errorf("%d bytes of answers wait", waiting)
		}
		l.conn.mu.Unlock()
		l.release()
		<-asked
		l.expect("pong")
		for range 2000 {
			l.expect("history")
		}
	})
}
