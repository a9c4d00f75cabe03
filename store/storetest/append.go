package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testAppend(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	if head, err := log.Head(t.Context(), "a"); err != nil || head != (store.Head{First: 1}) {
		t.Fatalf("head of a topic never written to: %+v, %v", head, err)
	}
	for _, step := range []struct {
		name  string
		topic string
		batch store.Batch
		want  error
		last  uint64
	}{
		{"ahead of an empty log", "a", batch(1, "x"), store.ErrConflict, 0},
		{"first", "a", batch(0, "1", "2"), nil, 2},
		{"again", "a", batch(0, "1", "2"), store.ErrConflict, 2},
		{"within", "a", batch(1, "x"), store.ErrConflict, 2},
		{"ahead", "a", batch(3, "x"), store.ErrConflict, 2},
		{"far ahead", "a", batch(1<<64-1, "x"), store.ErrConflict, 2},
		{"second", "a", batch(2, "3"), nil, 3},
		{"rows only", "a", store.Batch{After: 3, Rows: []store.Row{{Key: "k", Value: []byte("v")}}}, nil, 3},
		{"rows only, too late", "a", store.Batch{After: 2, Rows: []store.Row{{Key: "k", Value: []byte("w")}}}, store.ErrConflict, 3},
		{"an empty entry", "a", batch(3, ""), nil, 4},
		{"nothing", "a", batch(4), nil, 4},
		{"another topic", "b", batch(0, "1"), nil, 1},
		{"a topic that begins alike", "a\x00", batch(0, "1"), nil, 1},
		{"a topic of odd bytes", "\xff\x00\x01\xff", batch(0, "1"), nil, 1},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := log.Append(t.Context(), step.topic, step.batch); !errors.Is(err, step.want) {
				t.Fatalf("append: %v, want %v", err, step.want)
			}
			head, err := log.Head(t.Context(), step.topic)
			want := store.Head{First: 1, Last: step.last}
			if step.last > 0 {
				want.Term = log.Term()
			}
			if err != nil || head != want {
				t.Errorf("head %+v, %v; want %+v", head, err, want)
			}
		})
	}
	if diff := cmp.Diff([]string{"1:1", "2:2", "3:3", "4:"}, all(t, log, "a")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if value, err := log.Row(t.Context(), "a", "k"); err != nil || string(value) != "v" {
		t.Errorf("row %q, %v: a refused batch changed it", value, err)
	}
}

func testContext(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Append(ctx, "a", batch(0, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("append with a context that is done: %v", err)
	}
	if last := lastOf(t, log, "a"); last != 0 {
		t.Errorf("it was written nevertheless: head %d", last)
	}
}

// testOwnership changes what was passed in and what came back: neither is the
// store's.
func testOwnership(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	in := store.Batch{Entries: [][]byte{[]byte("entry")}, Rows: []store.Row{{Key: "k", Value: []byte("value")}}}
	mustAppend(t, log, "a", in)
	data := []byte("fold")
	if err := log.PutSnapshot(t.Context(), "a", store.Snapshot{Offset: 1, Data: data}); err != nil {
		t.Fatal(err)
	}
	clear(in.Entries[0])
	clear(in.Rows[0].Value)
	clear(data)
	for range 2 {
		entries, err := log.Read(t.Context(), "a", 0, 1, 100)
		if err != nil || len(entries) != 1 || string(entries[0].Data) != "entry" {
			t.Fatalf("read: %v, %v", entries, err)
		}
		value, err := log.Row(t.Context(), "a", "k")
		if err != nil || string(value) != "value" {
			t.Fatalf("row: %q, %v", value, err)
		}
		rows, err := log.Rows(t.Context(), "a", "", 1)
		if err != nil || len(rows) != 1 || string(rows[0].Value) != "value" {
			t.Fatalf("rows: %v, %v", rows, err)
		}
		snapshot, err := log.Snapshot(t.Context(), "a", 0)
		if err != nil || string(snapshot.Data) != "fold" {
			t.Fatalf("snapshot: %v, %v", snapshot, err)
		}
		clear(entries[0].Data)
		clear(value)
		clear(rows[0].Value)
		clear(snapshot.Data)
	}
}
