package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// testVolume writes a million entries in big batches to a few topics, and reads
// them back after a restart: some from anywhere, and one log whole.
func testVolume(t *testing.T, b Backend) {
	total := b.Entries
	if total == 0 {
		total = 1_000_000
	}
	if testing.Short() {
		total /= 20
	}
	const topics, width = 4, 1000
	place := b.New(t)
	log := open(t, place)
	each := uint64(total / topics / width * width)
	var writers sync.WaitGroup
	for i := range topics {
		topic := fmt.Sprintf("t%d", i)
		writers.Go(func() {
			entries := make([][]byte, width)
			for after := uint64(0); after < each; after += width {
				for j := range entries {
					entries[j] = volumeEntry(entries[j][:0], topic, after+uint64(j)+1)
				}
				if err := log.Append(t.Context(), topic, store.Batch{After: after, Entries: entries}); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	closeLog(t, log)
	log = open(t, place)
	rng := random(t)
	for range 500 {
		topic := fmt.Sprintf("t%d", rng.IntN(topics))
		after := rng.Uint64N(each)
		checkVolume(t, log, topic, after, min(each-after, 10))
	}
	const page = 5000
	for after := uint64(0); after < each; after += page {
		checkVolume(t, log, "t0", after, min(each-after, page))
	}
	if err := log.Truncate(t.Context(), "t0", each/2+1); err != nil {
		t.Fatal(err)
	}
	entries, err := log.Read(t.Context(), "t0", 0, 1, 1<<20)
	if err != nil || len(entries) != 1 || entries[0].Offset != each/2+1 {
		t.Errorf("first entry after truncation: %v, %v", entries, err)
	}
}

func volumeEntry(b []byte, topic string, offset uint64) []byte {
	b = append(b, topic...)
	b = append(b, '/')
	return strconv.AppendUint(b, offset, 10)
}

func checkVolume(t testing.TB, log store.Log, topic string, after, n uint64) {
	t.Helper()
	entries, err := log.Read(t.Context(), topic, after, int(n), 1<<20)
	if err != nil || uint64(len(entries)) != n {
		t.Fatalf("%s above %d: %d entries, %v; want %d", topic, after, len(entries), err, n)
	}
	var want []byte
	for i, e := range entries {
		offset := after + uint64(i) + 1
		want = volumeEntry(want[:0], topic, offset)
		if e.Offset != offset || string(e.Data) != string(want) {
			t.Fatalf("%s: entry %d is %d %q", topic, offset, e.Offset, e.Data)
		}
	}
}

// testManyTopics writes to thousands of topics, lists them, and goes on with
// each after a restart.
func testManyTopics(t *testing.T, b Backend) {
	n := 5000
	if testing.Short() {
		n = 500
	}
	name := func(i int) string { return fmt.Sprintf("chat:%05d", i) }
	place := b.New(t)
	for run := range uint64(2) {
		log := open(t, place)
		const writers = 50
		var tasks sync.WaitGroup
		for w := range writers {
			tasks.Go(func() {
				for i := w; i < n; i += writers {
					if err := log.Append(t.Context(), name(i), batch(run, name(i))); err != nil {
						t.Errorf("append: %v", err)
						return
					}
				}
			})
		}
		tasks.Wait()
		listed := topics(t, log, "chat:", 999)
		if len(listed) != n {
			t.Fatalf("%d topics, want %d", len(listed), n)
		}
		for i, got := range listed {
			if got != name(i) {
				t.Fatalf("topic %d is %q", i, got)
			}
			if last := lastOf(t, log, got); last != run+1 {
				t.Fatalf("run %d: head of %q is %d", run, got, last)
			}
		}
		closeLog(t, log)
	}
}
