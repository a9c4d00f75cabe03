package storetest

import (
	"strings"
	"testing"

	"github.com/tuttisync/tutti/store"
)

func testLimits(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	long := strings.Repeat("t", store.MaxTopicBytes)
	row := func(key string) store.Batch {
		return store.Batch{Entries: [][]byte{[]byte("x")}, Rows: []store.Row{{Key: "good", Value: []byte("v")}, {Key: key, Value: []byte("v")}}}
	}
	big := func(n int) store.Batch { return store.Batch{Entries: [][]byte{make([]byte, n/2), make([]byte, n-n/2)}} }
	for _, c := range []struct {
		name  string
		topic string
		batch store.Batch
		ok    bool
	}{
		{"no topic", "", batch(0, "x"), false},
		{"the longest topic", long, batch(0, "x"), true},
		{"a longer topic", long + "t", batch(0, "x"), false},
		{"no row key", "k", row(""), false},
		{"a longer row key", "k", row(strings.Repeat("k", store.MaxRowKey+1)), false},
		{"the longest row key", "k", row(strings.Repeat("k", store.MaxRowKey)), true},
		{"a larger batch", "b", big(store.MaxBatchBytes + 1), false},
		{"the largest batch", "b", big(store.MaxBatchBytes), true},
		{"more entries", "n", store.Batch{Entries: make([][]byte, store.MaxBatchItems+1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.batch.Entries[0] != nil && len(c.batch.Entries[0]) > 1<<20 && testing.Short() {
				t.Skip("large")
			}
			err := log.Append(t.Context(), c.topic, c.batch)
			if (err == nil) != c.ok {
				t.Fatalf("append: %v", err)
			}
			last := lastOf(t, log, c.topic)
			if want := uint64(len(c.batch.Entries)); c.ok && last != want || !c.ok && last != 0 {
				t.Errorf("head %d", last)
			}
		})
	}
	if !testing.Short() {
		mustAppend(t, log, "s", batch(0, "x"))
		if err := log.PutSnapshot(t.Context(), "s", store.Snapshot{Offset: 1, Data: make([]byte, store.MaxSnapshotBytes+1)}); err == nil {
			t.Error("a snapshot beyond the limit is no error")
		}
	}
	for _, limit := range []int{0, -1} {
		if _, err := log.Read(t.Context(), "k", 0, limit, 10); err == nil {
			t.Errorf("read with limit %d is no error", limit)
		}
		if _, err := log.Rows(t.Context(), "k", "", limit); err == nil {
			t.Errorf("rows with limit %d is no error", limit)
		}
		if _, err := log.Topics(t.Context(), "", "", limit); err == nil {
			t.Errorf("topics with limit %d is no error", limit)
		}
	}
	for _, shard := range []int{-1, log.Shards()} {
		if stop, err := log.Follow(shard, func(store.Appended) {}); err == nil {
			stop()
			t.Errorf("there is a shard %d of %d", shard, log.Shards())
		}
	}
	if log.Shards() < 1 {
		t.Errorf("%d shards", log.Shards())
	}
}
