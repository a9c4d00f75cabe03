package storetest

import (
	"sync"
	"testing"

	"github.com/tuttisync/tutti/store"
)

func testSnapshot(t *testing.T, b Backend) {
	place := b.New(t)
	log := open(t, place)
	if s, err := log.Snapshot(t.Context(), "a", 0); err != nil || s.Offset != 0 || len(s.Data) > 0 {
		t.Fatalf("snapshot of a topic never written to: %+v, %v", s, err)
	}
	mustAppend(t, log, "a", batch(0, "1", "2", "3", "4"))
	for _, step := range []struct {
		name   string
		topic  string
		offset uint64
		data   string
		ok     bool
		kept   uint64
		want   string
	}{
		{"of nothing", "a", 0, "0", false, 0, ""},
		{"past the head", "a", 5, "5", false, 0, ""},
		{"of a topic never written to", "b", 1, "1", false, 0, ""},
		{"within", "a", 2, "two", true, 2, "two"},
		{"older", "a", 1, "one", true, 2, "two"},
		{"of the same offset", "a", 2, "zwei", true, 2, "zwei"},
		{"empty", "a", 3, "", true, 3, ""},
		{"at the head", "a", 4, "four", true, 4, "four"},
	} {
		t.Run(step.name, func(t *testing.T) {
			err := log.PutSnapshot(t.Context(), step.topic, store.Snapshot{Offset: step.offset, Data: []byte(step.data)})
			if (err == nil) != step.ok {
				t.Fatalf("put: %v", err)
			}
			s, err := log.Snapshot(t.Context(), step.topic, 0)
			if err != nil || s.Offset != step.kept || string(s.Data) != step.want {
				t.Errorf("snapshot %+v, %v", s, err)
			}
		})
	}
	if err := log.Truncate(t.Context(), "a", 5); err != nil {
		t.Fatal(err)
	}
	closeLog(t, log)
	log = open(t, place)
	for _, c := range []struct{ most, want uint64 }{{0, 4}, {4, 4}, {9, 4}, {3, 0}} {
		if s, err := log.Snapshot(t.Context(), "a", c.most); err != nil || s.Offset != c.want || (len(s.Data) > 0) != (c.want > 0) {
			t.Errorf("snapshot of at most %d: %+v, %v; want offset %d", c.most, s, err, c.want)
		}
	}

	// Of many at a time, the newest is kept.
	const n = 64
	for range n {
		mustAppend(t, log, "c", batch(lastOf(t, log, "c"), "x"))
	}
	var writers sync.WaitGroup
	for i := range n {
		writers.Go(func() {
			if err := log.PutSnapshot(t.Context(), "c", store.Snapshot{Offset: uint64(n - i)}); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	writers.Wait()
	if s, err := log.Snapshot(t.Context(), "c", 0); err != nil || s.Offset != n {
		t.Errorf("after %d writers: snapshot of %d, %v", n, s.Offset, err)
	}
}
