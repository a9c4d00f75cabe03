package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
)

// faulty is a store whose calls can be held up or made to fail.
type faulty struct {
	*memory.Store

	mu     sync.Mutex // guards the fields below
	before func(call string) error
	after  func(call string)
}

func (f *faulty) set(before func(string) error, after func(string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

// around runs call between what the test has set.
func (f *faulty) around(name string, call func() error) error {
	f.mu.Lock()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(name); err != nil {
			return err
		}
	}
	err := call()
	if after != nil {
		after(name)
	}
	return err
}

func (f *faulty) Append(ctx context.Context, topic string, b store.Batch) error {
	return f.around("append", func() error { return f.Store.Append(ctx, topic, b) })
}

func (f *faulty) Read(ctx context.Context, topic string, after uint64, limit, maxBytes int) (found []store.Entry, err error) {
	err = f.around("read", func() error {
		found, err = f.Store.Read(ctx, topic, after, limit, maxBytes)
		return err
	})
	return found, err
}

func (f *faulty) Head(ctx context.Context, topic string) (head store.Head, err error) {
	err = f.around("head", func() error {
		head, err = f.Store.Head(ctx, topic)
		return err
	})
	return head, err
}

func (f *faulty) Terms(ctx context.Context, topic string) (terms []store.TermStart, err error) {
	err = f.around("terms", func() error {
		terms, err = f.Store.Terms(ctx, topic)
		return err
	})
	return terms, err
}

func (f *faulty) Row(ctx context.Context, topic, key string) (value []byte, err error) {
	err = f.around("row", func() error {
		value, err = f.Store.Row(ctx, topic, key)
		return err
	})
	return value, err
}

func (f *faulty) PutSnapshot(ctx context.Context, topic string, s store.Snapshot) error {
	return f.around("put snapshot", func() error { return f.Store.PutSnapshot(ctx, topic, s) })
}

func newFaulty() *faulty { return &faulty{Store: memory.New()} }

func over(log store.Log) func(*Config) {
	return func(c *Config) { c.Durable, c.Memory = log, log }
}

// times makes the first n calls of a name fail.
func times(n int, name string, err error) func(string) error {
	var mu sync.Mutex
	return func(call string) error {
		mu.Lock()
		defer mu.Unlock()
		if call != name || n == 0 {
			return nil
		}
		n--
		return err
	}
}

// A disk that is full for long fails each round of each topic; the log of the
// server says so now and then, and how often it did not.
func TestPublish_appends_that_fail_are_logged_now_and_then(t *testing.T) {
	var out bytes.Buffer
	log, clock := newFaulty(), &atomic.Int64{}
	n := newNode(t, over(log), func(c *Config) {
		c.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
		c.Logger = slog.New(slog.NewTextHandler(&out, nil))
	})
	log.set(times(1000, "append", store.ErrFull), nil)
	fail := func(rounds int) {
		for i := range rounds {
			_, err := n.Publish(t.Context(), Publication{Trusted: true, Topic: fmt.Sprint("t", i%3), Data: []byte(`1`)})
			if protocol.AsError(err).Code != protocol.StoreFull {
				t.Fatalf("got %v", err)
			}
		}
	}
	fail(100)
	clock.Add(int64(complainEvery / time.Second))
	fail(100)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "unlogged=0") || !strings.Contains(lines[1], "unlogged=99") ||
		!strings.Contains(lines[1], "level=ERROR msg=\"append failed\"") {
		t.Errorf("the log has\n%s", out.String())
	}
}

func TestPublish_PUB_6_store_that_fails(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(string) error
		code  protocol.Code // empty: accepted all the same
	}{
		{"full", times(1, "append", store.ErrFull), protocol.StoreFull},
		{"unknown", times(1, "append", store.ErrUnknown), protocol.StoreUnavailable},
		{"closed", times(1, "append", store.ErrClosed), protocol.Draining},
		{"moved_on_once", times(1, "append", store.ErrConflict), ""},
		{"moved_on_7_times", times(7, "append", store.ErrConflict), ""},
		{"moved_on_for_ever", times(1000, "append", store.ErrConflict), protocol.Overloaded},
		{"unreadable_head", times(1, "head", errors.New("broken")), protocol.Internal},
		{"unreadable_row", times(1, "row", errors.New("broken")), protocol.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := newFaulty()
			n := newNode(t, over(log))
			l := n.connect(newSecret(t), 1)
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			l.expect("subscribed")
			log.set(c.fault, nil)
			l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
			m := l.next()
			if c.code != "" {
				if m.Type != "refused" || m.code() != c.code || m.Seq != 1 || !m.Error.Retryable {
					t.Fatalf("got %+v", m)
				}
				log.set(nil, nil)
				l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
				m = l.next()
			}
			kinds := map[string]bool{m.Type: true, l.next().Type: true}
			if !kinds["ack"] || !kinds["entry"] {
				t.Fatalf("got %v", kinds)
			}
			l.quiet()
		})
	}
}

// After an append whose end is unknown the server says that it takes no
// traffic.
func TestReady_store_broken(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log))
	must(t, n.Ready())
	log.set(times(1, "append", fmt.Errorf("sync: %w", store.ErrUnknown)), nil)
	_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "a", Data: []byte(`1`)})
	for _, err := range []error{err, n.Ready()} {
		if protocol.AsError(err).Code != protocol.StoreUnavailable || err == nil {
			t.Errorf("got %v", err)
		}
	}
}

// Another writer's entries are read, and judged with, before ours are.
func TestPublish_another_writer(t *testing.T) {
	log := memory.New()
	one, other := newNode(t, over(log)), newNode(t, over(log))
	secret := newSecret(t)
	a := one.connect(secret, 1)
	for seq := uint64(1); seq <= 10; seq++ {
		if p := other.tell("a", `0`); p.Offset != 2*seq-1 {
			t.Fatalf("the other's entry is at %d", p.Offset)
		}
		a.say(fmt.Sprintf(`{"type":"publish","topic":"a","seq":%d,"data":1}`, seq))
		if m := a.expect("ack"); m.Offset != 2*seq || m.Seq != seq {
			t.Fatalf("got %+v", m)
		}
	}
	b := other.connect(secret, 2)
	b.say(`{"type":"publish","topic":"a","seq":10,"data":1}`)
	if m := b.expect("ack"); m.Offset != 20 {
		t.Fatalf("a repeat on another node: %+v", m)
	}
}

// While an append has not ended, nobody sees its entries or hears of them.
func TestSubscribe_SUB_7_nothing_is_shown_before_it_is_durable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newFaulty()
		n := newNode(t, over(log))
		l := n.connect(newSecret(t), 1)
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		gate := make(chan struct{})
		log.set(func(call string) error {
			if call == "append" {
				<-gate
			}
			return nil
		}, nil)
		l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
		l.say(`{"type":"publish","topic":"a","seq":2,"data":2}`)
		synctest.Wait()
		l.say(`{"type":"history","id":2,"topic":"a"}`)
		if m := l.expect("history"); len(m.Entries) != 0 || m.Head.Offset != 0 {
			t.Errorf("history shows %+v", m)
		}
		l.say(`{"type":"subscribe","id":3,"topic":"a","from":"earliest"}`)
		if m := l.expect("subscribed"); m.Offset != 0 {
			t.Errorf("got %+v", m)
		}
		synctest.Wait()
		l.quiet()
		close(gate)
		kinds := make(map[string]int)
		for range 4 {
			kinds[l.next().Type]++
		}
		if kinds["ack"] != 2 || kinds["entry"] != 2 {
			t.Errorf("then came %v", kinds)
		}
	})
}

// An append that ends while its topic is being read from the store is in no
// ring and in nothing that was read: its term must be known all the same, or a
// reader would get a position that no log accepts.
func TestTopic_append_while_loading(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log))
	log.set(nil, func(call string) {
		if call != "terms" {
			return
		}
		log.set(nil, nil)
		e := protocol.Entry{Offset: 1, Term: log.Term(), Data: []byte(`1`)}
		must(t, log.Append(context.Background(), "a", store.Batch{Entries: [][]byte{protocol.AppendEntry(nil, &e)}}))
	})
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
	m := l.expect("subscribed")
	if m.Offset != 1 || m.Term != log.Term() {
		t.Fatalf("the reader starts at %d of term %q, want 1 of %q", m.Offset, m.Term, log.Term())
	}
	l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":%d,"term":%q}}`, m.Offset, m.Term))
	if m := l.expect("subscribed"); !m.Recovered {
		t.Errorf("its own position is lost: %+v", m)
	}
}

// A log that cannot be read ends the subscription with an error, and nothing
// else.
func TestSubscribe_unreadable_log(t *testing.T) {
	log := newFaulty()
	n := newNode(t, over(log))
	n.tellMany("a", 1, 3)
	log.set(times(1, "read", errors.New("broken")), nil)
	l := n.reader()
	l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
	l.expect("subscribed")
	if m := l.expect("unsubscribed"); m.Topic != "a" || m.code() != protocol.Internal {
		t.Errorf("got %+v", m)
	}
	l.say(`{"type":"subscribe","id":2,"topic":"a","from":"earliest"}`)
	l.expect("subscribed")
	l.entries("a", 1, 3)
}

// A row that was used again since it was found old is not forgotten.
func TestForget_CLIENT_4_a_row_used_since(t *testing.T) {
	log := memory.New()
	n := newNode(t, over(log))
	secret := newSecret(t)
	l := n.connect(secret, 1)
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	l.expect("ack")
	fresh := newNode(t, over(log)) // its sequencer does not know the row
	to, err := fresh.topic(context.Background(), "a")
	must(t, err)
	told := make(chan struct{})
	to.submit(job{forget: []string{topic.ClientKey(protocol.ClientID("alice", secret))}, tell: func(topic.Verdict) { close(told) }})
	<-told
	if row, err := log.Row(context.Background(), "a", topic.ClientKey(protocol.ClientID("alice", secret))); row == nil || err != nil {
		t.Fatalf("the row is gone (%v)", err)
	}
}
