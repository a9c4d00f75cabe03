package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testRedact(t *testing.T, b Backend) {
	place := b.New(t)
	log := open(t, place)
	mustAppend(t, log, "a", store.Batch{
		Entries: [][]byte{[]byte("1"), []byte("2"), []byte("3"), []byte("4")},
		Rows:    []store.Row{{Key: "k", Value: []byte("v")}},
	})
	mustAppend(t, log, "a\x00", batch(0, "1", "2"))
	term := log.Term()
	f, stop := follow(t, log)
	want := []string{"1:1", "2:2", "3:3", "4:4"}
	for _, step := range []struct {
		name   string
		topic  string
		offset uint64
		data   string
		err    error
	}{
		{"one", "a", 2, "gone", nil},
		{"again", "a", 2, "", nil},
		{"the newest", "a", 4, strings.Repeat("x", 1000), nil},
		{"none", "a", 0, "x", store.ErrMissing},
		{"past the head", "a", 5, "x", store.ErrMissing},
		{"far past the head", "a", 1<<64 - 1, "x", store.ErrMissing},
		{"of a topic never written to", "never", 1, "x", store.ErrMissing},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := log.Redact(t.Context(), step.topic, step.offset, []byte(step.data)); !errors.Is(err, step.err) {
				t.Fatalf("redact: %v, want %v", err, step.err)
			}
			if step.err == nil {
				want[step.offset-1] = fmt.Sprintf("%d:%s", step.offset, step.data)
			}
			if diff := cmp.Diff(want, all(t, log, "a")); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
	stop()
	f.check(t, map[string][]string{})
	if err := log.Truncate(t.Context(), "a", 3); err != nil {
		t.Fatal(err)
	}
	if err := log.Redact(t.Context(), "a", 2, []byte("x")); !errors.Is(err, store.ErrMissing) {
		t.Errorf("redact an entry that was truncated: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Redact(ctx, "a", 3, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("redact with a context that is done: %v", err)
	}
	if err := log.Redact(t.Context(), "a", 3, make([]byte, store.MaxBatchBytes+1)); err == nil {
		t.Error("an entry beyond the limits was taken")
	}
	data := []byte("mine")
	if err := log.Redact(t.Context(), "a", 3, data); err != nil {
		t.Fatal(err)
	}
	clear(data)
	want[2] = "3:mine"
	crashed := place.Crash(nil)
	closeLog(t, log)
	for _, place := range []Place{place, crashed} {
		log := open(t, place)
		if diff := cmp.Diff(want[2:], all(t, log, "a")); diff != "" {
			t.Errorf("log, opened again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, log, "a\x00")); diff != "" {
			t.Errorf("another topic (-want +got):\n%s", diff)
		}
		head, err := log.Head(t.Context(), "a")
		if want := (store.Head{First: 3, Last: 4, Term: term}); err != nil || head != want {
			t.Errorf("head %+v, %v; want %+v", head, err, want)
		}
		if value, err := log.Row(t.Context(), "a", "k"); err != nil || string(value) != "v" {
			t.Errorf("row %q, %v", value, err)
		}
		mustAppend(t, log, "a", batch(4, "5"))
		closeLog(t, log)
	}
}

// testRedactDuringAppends redacts entries as soon as somebody has seen them,
// while more are appended. What was redacted is never read as it was again, and
// followers are told every entry as it was appended, in order.
func testRedactDuringAppends(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	const entries, width = 300, 3
	f, stop := follow(t, log)
	appended := make(chan uint64, entries)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		defer close(appended)
		for n := uint64(0); n < entries; n += width {
			mustTask(t, log.Append(t.Context(), "a", batch(n, "p", "q", "r")))
			appended <- n + width
		}
	})
	tasks.Go(func() {
		for last := range appended {
			mustTask(t, log.Redact(t.Context(), "a", last, []byte("x")))
			found, err := log.Read(t.Context(), "a", last-1, 1, 10)
			if err != nil || len(found) != 1 || string(found[0].Data) != "x" {
				t.Errorf("entry %d, after it was redacted: %v, %v", last, found, err)
			}
		}
	})
	tasks.Wait()
	stop()
	var told, kept []string
	for n := 0; n < entries; n += width {
		told = append(told, fmt.Sprintf("%d:[p q r]", n+1))
		kept = append(kept, fmt.Sprintf("%d:p", n+1), fmt.Sprintf("%d:q", n+2), fmt.Sprintf("%d:x", n+3))
	}
	f.check(t, map[string][]string{"a": told})
	if diff := cmp.Diff(kept, all(t, log, "a")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
