package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// load is a writer for each of several topics, and readers beside them, and
// what they were told. Every entry is known by its topic and offset, and every
// batch sets the row "last" to the head that it makes; so whatever is found
// later can be judged.
type load struct {
	t      testing.TB
	log    store.Log
	topics []string

	mu           sync.Mutex                 // guards the fields below
	tried        map[string]map[uint64]bool // heads of all batches ever tried
	acknowledged map[string]uint64          // heads of acknowledged batches
	seen         map[string]uint64          // heads that a reader or follower saw
	redacted     map[string]map[uint64]bool // entries whose redaction was tried; true: acknowledged
	settled      map[string]map[uint64]bool // those acknowledged when lower was called last
	failures     []error                    // what ended the writers

	progress chan struct{} // gets one for each acknowledgement while there is room
	stop     chan struct{}
	writers  sync.WaitGroup
	readers  sync.WaitGroup
	unfollow func()
}

// startLoad starts the writers and readers. Writers go on until finish, or
// until an append fails.
func startLoad(t testing.TB, log store.Log, rng *rand.Rand, topics int) *load {
	t.Helper()
	l := &load{
		t: t, log: log,
		tried:        make(map[string]map[uint64]bool),
		acknowledged: make(map[string]uint64),
		seen:         make(map[string]uint64),
		redacted:     make(map[string]map[uint64]bool),
		settled:      make(map[string]map[uint64]bool),
		progress:     make(chan struct{}, 1),
		stop:         make(chan struct{}),
	}
	f, unfollow := follow(t, log)
	l.unfollow = unfollow
	f.each = func(a store.Appended) { l.see(a.Topic, a.First+uint64(len(a.Entries))-1) }
	lasts := make([]uint64, topics)
	for i := range topics {
		topic := fmt.Sprintf("t%d", i)
		l.topics = append(l.topics, topic)
		last := lastOf(t, log, topic)
		l.tried[topic] = map[uint64]bool{last: true}
		l.redacted[topic] = alreadyRedacted(t, log, topic, last)
		l.acknowledged[topic], lasts[i] = last, last
	}
	for i, topic := range l.topics {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		l.writers.Go(func() { l.write(topic, lasts[i], rng) })
		l.readers.Go(func() { l.read(topic) })
	}
	return l
}

// alreadyRedacted finds what an earlier load redacted.
func alreadyRedacted(t testing.TB, log store.Log, topic string, last uint64) map[uint64]bool {
	t.Helper()
	found := make(map[uint64]bool)
	for next := uint64(0); next < last; {
		entries, err := log.Read(t.Context(), topic, next, 1000, 1<<20)
		if err != nil || len(entries) == 0 {
			t.Fatalf("%s: read above %d: %d entries, %v", topic, next, len(entries), err)
		}
		for _, e := range entries {
			if bytes.Equal(e.Data, redactedEntry) {
				found[e.Offset] = true
			}
			next = e.Offset
		}
	}
	return found
}

// finish stops writers and readers and waits for them.
func (l *load) finish() {
	close(l.stop)
	l.writers.Wait()
	l.readers.Wait()
	l.unfollow()
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *load) see(topic string, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[topic] = max(l.seen[topic], last)
}

func (l *load) write(topic string, last uint64, rng *rand.Rand) {
	for !l.stopped() {
		b := store.Batch{After: last}
		for range 1 + rng.IntN(4) {
			last++
			b.Entries = append(b.Entries, loadEntry(topic, last))
		}
		b.Rows = []store.Row{{Key: "last", Value: strconv.AppendUint(nil, last, 10)}}
		l.mu.Lock()
		l.tried[topic][last] = true
		l.mu.Unlock()
		err := l.log.Append(l.t.Context(), topic, b)
		if err == nil && rng.IntN(20) == 0 {
			err = l.log.PutSnapshot(l.t.Context(), topic, store.Snapshot{Offset: last, Data: []byte(topic)})
		} else if err == nil && rng.IntN(20) == 0 {
			err = l.log.Truncate(l.t.Context(), topic, last-min(last, 50))
		} else if err == nil && rng.IntN(10) == 0 {
			err = l.redact(topic, last-uint64(rng.IntN(int(min(last, 20)))))
		}
		l.mu.Lock()
		if err != nil {
			l.failures = append(l.failures, err)
			l.mu.Unlock()
			return
		}
		l.acknowledged[topic] = last
		l.mu.Unlock()
		select {
		case l.progress <- struct{}{}:
		default:
		}
	}
}

func (l *load) redact(topic string, offset uint64) error {
	note := func(acknowledged bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.redacted[topic][offset] = l.redacted[topic][offset] || acknowledged
	}
	note(false)
	err := l.log.Redact(l.t.Context(), topic, offset, redactedEntry)
	note(err == nil)
	return err
}

func (l *load) read(topic string) {
	for !l.stopped() {
		head, err := l.log.Head(l.t.Context(), topic)
		if err != nil {
			l.t.Errorf("head: %v", err)
			return
		}
		l.see(topic, head.Last)
		value, err := l.log.Row(l.t.Context(), topic, "last")
		if err != nil {
			l.t.Errorf("row: %v", err)
			return
		}
		if n, err := strconv.ParseUint(string(value), 10, 64); err == nil {
			l.see(topic, n)
		}
	}
}

// loadEntry is long enough that logs and tables fill.
func loadEntry(topic string, offset uint64) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%s/%d ", topic, offset), 1+int(offset%100))
}

var redactedEntry = []byte("redacted")

// fits says whether an entry may be found with this data.
func (l *load) fits(topic string, e store.Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, tried := l.redacted[topic][e.Offset]
	if tried && bytes.Equal(e.Data, redactedEntry) {
		return true
	}
	return !l.settled[topic][e.Offset] && bytes.Equal(e.Data, loadEntry(topic, e.Offset))
}

// lower returns what must be found after a crash that comes later: all that was
// acknowledged or seen.
func (l *load) lower() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	lower := make(map[string]uint64)
	for _, topic := range l.topics {
		lower[topic] = max(l.acknowledged[topic], l.seen[topic])
		l.settled[topic] = maps.Clone(l.redacted[topic])
	}
	return lower
}

// judge checks what a store holds after a crash, and returns the heads.
func (l *load) judge(log store.Log, lower map[string]uint64) map[string]uint64 {
	t := l.t
	t.Helper()
	heads := make(map[string]uint64)
	for _, topic := range l.topics {
		head, err := log.Head(t.Context(), topic)
		if err != nil {
			t.Fatalf("head: %v", err)
		}
		heads[topic] = head.Last
		l.mu.Lock()
		tried := l.tried[topic][head.Last]
		l.mu.Unlock()
		if head.Last < lower[topic] || !tried {
			t.Errorf("%s: head %d; %d was acknowledged or seen; it is the end of a batch: %v", topic, head.Last, lower[topic], tried)
		}
		value, err := log.Row(t.Context(), topic, "last")
		if err != nil || head.Last > 0 && string(value) != strconv.FormatUint(head.Last, 10) {
			t.Errorf("%s: row %q, %v, and the head is %d: a batch in parts", topic, value, err, head.Last)
		}
		next := head.First
		for next <= head.Last {
			entries, err := log.Read(t.Context(), topic, next-1, 1000, 1<<20)
			if err != nil || len(entries) == 0 {
				t.Fatalf("%s: read above %d: %d entries, %v; the head is %d", topic, next-1, len(entries), err, head.Last)
			}
			for _, e := range entries {
				if e.Offset != next || !l.fits(topic, e) {
					t.Fatalf("%s: entry %d is %d %.20q", topic, next, e.Offset, e.Data)
				}
				next++
			}
		}
	}
	return heads
}
