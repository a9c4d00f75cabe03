package hub

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// counted counts what is asked of a log.
type counted struct {
	store.Log
	asked, truncated atomic.Int64
}

func (c *counted) Head(ctx context.Context, topic string) (store.Head, error) {
	c.asked.Add(1)
	return c.Log.Head(ctx, topic)
}

func (c *counted) Truncate(ctx context.Context, topic string, before uint64) error {
	c.truncated.Add(1)
	return c.Log.Truncate(ctx, topic, before)
}

// Topics that nobody has used since the start lose what is beyond their
// retention, a few at a time, and are not loaded for it.
func TestWalk_TOPIC_5_topics_that_nobody_uses(t *testing.T) {
	const kept = 3 * walkPage
	log := &counted{}
	n, pass := still(t, func(c *Config) {
		log.Log = c.Durable
		c.Durable, c.Memory = log, log
		c.Namespace = func(topic string) (Namespace, error) {
			switch protocol.Namespace(topic) {
			case "kept":
				return Namespace{KeepCount: 3}, nil
			case "aged":
				return Namespace{KeepAge: time.Hour}, nil
			case "gone":
				return Namespace{}, protocol.Errorf(protocol.UnknownNamespace, "")
			}
			return Namespace{}, nil
		}
	})
	fill := func(topic string, entries int) {
		t.Helper()
		b := store.Batch{}
		for o := range entries {
			e := protocol.Entry{Offset: uint64(o + 1), Term: log.Term(), Time: n.now().UnixMilli(), Data: []byte(`1`)}
			b.Entries = append(b.Entries, protocol.AppendEntry(nil, &e))
		}
		must(t, log.Append(t.Context(), topic, b))
	}
	for i := range kept {
		fill(fmt.Sprintf("kept:%03d", i), 5)
		fill(fmt.Sprintf("all:%03d", i), 5)
		fill(fmt.Sprintf("gone:%03d", i), 5)
	}
	for _, name := range []string{"aged:a", "plain", "kept", "kept;", "zebra:z"} {
		fill(name, 5)
	}
	first := func(topic string) uint64 {
		t.Helper()
		head, err := log.Log.Head(t.Context(), topic)
		must(t, err)
		return head.First
	}
	for range 10 {
		log.asked.Store(0)
		pass(sweepEvery)
		if got := log.asked.Load(); got > walkPage {
			t.Errorf("one step looked at %d topics", got)
		}
	}
	for i := range kept {
		if got := first(fmt.Sprintf("kept:%03d", i)); got != 3 {
			t.Errorf("kept:%03d begins at %d", i, got)
		}
		if got := first(fmt.Sprintf("all:%03d", i)); got != 1 {
			t.Errorf("all:%03d begins at %d", i, got)
		}
	}
	for _, name := range []string{"aged:a", "plain", "kept", "kept;", "zebra:z", "gone:000"} {
		if got := first(name); got != 1 {
			t.Errorf("%s begins at %d", name, got)
		}
	}
	if n.lookup("kept:000") != nil {
		t.Error("a topic was loaded")
	}

	log.truncated.Store(0)
	pass(30 * time.Minute)
	later := protocol.Entry{Offset: 6, Term: log.Term(), Time: n.now().UnixMilli(), Data: []byte(`1`)}
	must(t, log.Append(t.Context(), "aged:a", store.Batch{After: 5, Entries: [][]byte{protocol.AppendEntry(nil, &later)}}))
	pass(45 * time.Minute)
	for range 10 {
		pass(sweepEvery)
	}
	if got := first("aged:a"); got != 6 {
		t.Errorf("aged:a begins at %d", got)
	}
	if got := log.truncated.Load(); got != 1 {
		t.Errorf("%d logs were truncated, one had to be", got)
	}
}

// A topic that somebody uses learns that it was trimmed behind his back.
func TestWalk_tells_who_came_meanwhile(t *testing.T) {
	n, _ := still(t, keeping(Namespace{KeepCount: 3}))
	n.tellMany("a", 1, 9)
	must(t, n.trimUnused(t.Context(), n.log, "a", Namespace{KeepCount: 3}, n.now()))
	if got := n.held("a"); !slices.Equal(got, count(7, 9)) {
		t.Errorf("it holds %v", got)
	}
	a := n.lookup("a")
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := a.first; got != 7 {
		t.Errorf("it begins at %d", got)
	}
}
