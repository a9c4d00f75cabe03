package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// fold is the naive twin: the offsets, at or above from, of the entries of a
// log that are the newest of their key. keys[i] is the key of offset i+1.
func fold(keys []string, from uint64) []uint64 {
	var offsets []uint64
	for o := from; o <= uint64(len(keys)); o++ {
		if !slices.Contains(keys[o:], keys[o-1]) {
			offsets = append(offsets, o)
		}
	}
	return offsets
}

func drawKeys(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"}), 1, 200).Draw(t, "keys")
}

// What a topic knows of its keys is what a fold over the log finds, whether it
// learned them one by one or from both ends; with too little room for them,
// above the floor, and below it nothing that is not so.
func TestLatest_SUB_8_twin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := drawKeys(t)
		room := rapid.SampledFrom([]int{1 << 20, 3 * keyCost, keyCost}).Draw(t, "room")
		half := rapid.IntRange(0, len(keys)).Draw(t, "half")
		l, older := newLatest(uint64(half+1), room), newLatest(1, room)
		for i, key := range keys {
			if i < half {
				older.add(uint64(i+1), key)
			} else {
				l.add(uint64(i+1), key)
			}
		}
		l.join(older, uint64(half))
		if room == 1<<20 && l.floor != 1 {
			t.Fatalf("with room for all the floor is %d", l.floor)
		}
		if l.bytes > room || len(l.order) > 2*len(l.newest)+64 {
			t.Fatalf("it holds %d bytes, %d of %d", l.bytes, len(l.order), len(l.newest))
		}
		from := rapid.Uint64Range(l.floor, uint64(len(keys)+1)).Draw(t, "from")
		if got, want := l.from(make([]uint64, 0, 1000), from), fold(keys, from); !slices.Equal(got, want) {
			t.Errorf("from %d: %d, want %d", from, got, want)
		}
		some := fold(keys, from)
		some = some[:min(2, len(some))]
		if got := l.from(make([]uint64, 0, 2), from); !slices.Equal(got, some) {
			t.Errorf("the first from %d: %d, want %d", from, got, some)
		}
		newest := fold(keys, 1)
		for i, key := range keys {
			if l.passed(uint64(i+1), key) && slices.Contains(newest, uint64(i+1)) {
				t.Errorf("%d is the newest of its key", i+1)
			}
		}
	})
}

func delivery(latest bool) func(*Config) {
	return func(c *Config) {
		c.Namespace = func(string) (Namespace, error) { return Namespace{Latest: latest}, nil }
	}
}

func (n *node) tellKey(topic, key, data string) {
	n.t.Helper()
	_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: topic, Label: key, Data: []byte(data)})
	must(n.t, err)
}

// follow hears entries of topic a up to the offset last, each of which must
// tell what was left out before it, and returns their offsets.
func (l *line) follow(after, last uint64) []uint64 {
	l.t.Helper()
	var offsets []uint64
	for after < last {
		m := l.expect("entry")
		if m.Offset != after+m.Skipped+1 {
			l.t.Fatalf("behind %d came %d, with %d skipped", after, m.Offset, m.Skipped)
		}
		after = m.Offset
		offsets = append(offsets, after)
	}
	return offsets
}

// A reader gets of what it missed what the twin finds, from wherever it comes
// and whatever the pages, the ring, and the other readers are.
func TestDelivery_SUB_8_twin(t *testing.T) {
	skipping := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8))
		n := newNode(t, delivery(true), func(c *Config) { c.TopicRing = 2 << 10 })
		names := []string{"", "a", "b", "c", "d\"é", "e"}
		var keys []string
		publish := func(count int) {
			for range count {
				keys = append(keys, names[rng.IntN(len(names))])
				n.tellKey("a", keys[len(keys)-1], fmt.Sprint(len(keys)))
			}
		}
		publish(1 + rng.IntN(700))
		for range 5 {
			publish(rng.IntN(20))
			l := n.reader()
			from := uint64(rng.IntN(len(keys)))
			l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":%d,"term":%q}}`, from, n.log.Term()))
			if s := l.expect("subscribed"); !s.Recovered || s.Offset != from {
				t.Fatalf("got %+v", s)
			}
			got := l.follow(from, uint64(len(keys)))
			want := fold(keys, from+1)
			if len(got) == len(keys)-int(from) {
				continue // the ring held it all
			}
			skipping++
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: from %d came %d, want %d", seed, from, got, want)
			}
		}
	}
	if skipping < 50 {
		t.Errorf("%d readers skipped", skipping)
	}
}

func TestDelivery_SUB_8(t *testing.T) {
	t.Run("all_is_the_default", func(t *testing.T) {
		n := newNode(t)
		for i := range 9 {
			n.tellKey("a", "k", fmt.Sprint(i+1))
		}
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		l.entries("a", 1, 9)
	})
	t.Run("a_reader_that_falls_out_of_the_ring", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, delivery(true), func(c *Config) { c.TopicRing = 2 << 10 })
			l := n.reader()
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			l.expect("subscribed")
			n.tellKey("a", "k", `1`)
			l.follow(0, 1)
			l.stall()
			for i := range 300 {
				n.tellKey("a", fmt.Sprint("k", i%3), fmt.Sprint(i))
			}
			synctest.Wait()
			l.release()
			got := l.follow(1, 301)
			if len(got) > 60 || !slices.Equal(got[len(got)-3:], []uint64{299, 300, 301}) {
				t.Errorf("it got %d", got)
			}
			n.tellKey("a", "k", `1`)
			if m := l.expect("entry"); m.Offset != 302 || m.Skipped != 0 || m.Key != "k" {
				t.Errorf("live it got %+v", m)
			}
		})
	})
	t.Run("a_stream_jumps", func(t *testing.T) {
		n := newNode(t, delivery(true))
		for i := range 100 {
			n.tellKey("a", fmt.Sprint(i%4), fmt.Sprint(i))
		}
		s, err := n.Open(context.Background(), StreamConfig{
			Trusted: true, Encoding: Stored, Topics: []protocol.Subscribe{{Topic: "a", From: protocol.FromEarliest()}},
		})
		must(t, err)
		defer s.Close()
		var offsets []uint64
		for len(offsets) < 4 {
			b, err := s.Next(context.Background(), nil)
			must(t, err)
			for _, f := range b.Frames {
				EachStored(f, func(stored []byte) bool {
					e, err := protocol.ParseEntry(stored)
					must(t, err)
					offsets = append(offsets, e.Offset)
					return true
				})
			}
		}
		if !slices.Equal(offsets, []uint64{97, 98, 99, 100}) {
			t.Errorf("it got %d", offsets)
		}
	})
	t.Run("beyond_retention_it_is_told", func(t *testing.T) {
		n := newNode(t, delivery(true))
		for i := range 9 {
			n.tellKey("a", "k", fmt.Sprint(i))
		}
		must(t, n.log.Truncate(context.Background(), "a", 5))
		l := n.reader()
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":2,"term":%q}}`, n.log.Term()))
		if s := l.expect("subscribed"); s.Recovered { // the hub has not heard of it yet
			if s = l.expect("subscribed"); s.Recovered || s.Offset != 4 {
				t.Errorf("got %+v", s)
			}
		}
		l.follow(4, 9)
	})
	t.Run("a_log_that_cannot_be_read_is_told", func(t *testing.T) {
		broken := &blind{}
		n, pass := still(t, delivery(true), func(c *Config) {
			broken.Log = c.Durable
			c.Durable, c.Memory = broken, broken
		})
		n.tellKey("a", "k", `1`)
		broken.blind.Store(true)
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		if m := l.expect("unsubscribed"); m.code() == "" {
			t.Errorf("got %+v", m)
		}
		broken.blind.Store(false)
		pass(sweepEvery)
		l.say(`{"type":"subscribe","id":2,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
		l.follow(0, 1)
	})
}

// Readers, publishers and the ring go on at the same time: each reader can
// account for every offset, and ends with the newest of each key.
func TestDelivery_SUB_8_concurrent(t *testing.T) {
	const readers, total = 8, 2000
	n := newNode(t, delivery(true), func(c *Config) { c.TopicRing = 1 << 10 })
	var lines []*line
	for range readers {
		lines = append(lines, n.reader())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range total {
			n.tellKey("a", fmt.Sprint(i%7), fmt.Sprint(i))
		}
	}()
	for _, l := range lines {
		l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
		l.expect("subscribed")
	}
	<-done
	for _, l := range lines {
		got := l.follow(0, total)
		for o := uint64(total - 6); o <= total; o++ {
			if !slices.Contains(got, o) {
				t.Errorf("%d, the newest of its key, is missing", o)
			}
		}
	}
	if got := n.keys.Load(); got == 0 || got > 7*(keyCost+1) {
		t.Errorf("%d bytes are counted for 7 keys", got)
	}
}

// blind is a log whose entries cannot be read while it is blind.
type blind struct {
	store.Log
	blind atomic.Bool
}

func (b *blind) Read(ctx context.Context, topic string, after uint64, limit, maxBytes int) ([]store.Entry, error) {
	if b.blind.Load() {
		return nil, errors.New("the disk is gone")
	}
	return b.Log.Read(ctx, topic, after, limit, maxBytes)
}
