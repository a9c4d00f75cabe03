package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// open opens the place's store and closes it when the test ends, if the test
// has not.
func open(t testing.TB, p Place) store.Log {
	t.Helper()
	log, err := p.Open()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return log
}

func closeLog(t testing.TB, log store.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// disk returns the place's disk, or skips the test.
func disk(t testing.TB, p Place) Disk {
	t.Helper()
	d := p.Disk()
	if d == nil {
		t.Skip("the backend has no disk")
	}
	return d
}

// random returns a source of chance whose seed is told if the test fails.
func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %#x", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// batch returns a batch with entries of the given texts.
func batch(after uint64, entries ...string) store.Batch {
	b := store.Batch{After: after}
	for _, e := range entries {
		b.Entries = append(b.Entries, []byte(e))
	}
	return b
}

func mustAppend(t testing.TB, log store.Log, topic string, b store.Batch) {
	t.Helper()
	if err := log.Append(t.Context(), topic, b); err != nil {
		t.Fatalf("append to %q after %d: %v", topic, b.After, err)
	}
}

// lastOf returns the topic's newest offset.
func lastOf(t testing.TB, log store.Log, topic string) uint64 {
	t.Helper()
	head, err := log.Head(t.Context(), topic)
	if err != nil {
		t.Fatalf("head of %q: %v", topic, err)
	}
	return head.Last
}

// all reads the whole log, page by page, as "offset:data".
func all(t testing.TB, log store.Log, topic string) []string {
	t.Helper()
	found, after := []string{}, uint64(0)
	for {
		entries, err := log.Read(t.Context(), topic, after, 100, 1<<20)
		if err != nil {
			t.Fatalf("read %q: %v", topic, err)
		}
		if len(entries) == 0 {
			return found
		}
		for _, e := range entries {
			if e.Offset <= after {
				t.Fatalf("read %q above %d: offset %d", topic, after, e.Offset)
			}
			after = e.Offset
			found = append(found, fmt.Sprintf("%d:%s", e.Offset, e.Data))
		}
	}
}
