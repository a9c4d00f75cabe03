package storetest

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

// testHeldSync holds the sync of an append. Until it is let go, nobody sees
// anything of the append, and a crash takes it back.
func testHeldSync(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	mustAppend(t, log, "a", store.Batch{Entries: [][]byte{[]byte("1")}, Rows: []store.Row{{Key: "k", Value: []byte("old")}}})
	f, stop := follow(t, log)
	defer stop()

	release, held := d.Hold()
	release = sync.OnceFunc(release)
	defer release()
	var tasks sync.WaitGroup
	tasks.Go(func() {
		mustTask(t, log.Append(t.Context(), "a", store.Batch{After: 1, Entries: [][]byte{[]byte("2")}, Rows: []store.Row{{Key: "k", Value: []byte("new")}, {Key: "l", Value: []byte("new")}}}))
	})
	tasks.Go(func() { mustTask(t, log.Append(t.Context(), "b", batch(0, "1"))) })
	<-held
	checkBefore := func(log store.Log) {
		t.Helper()
		if diff := cmp.Diff([]string{"1:1"}, all(t, log, "a")); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		if last := lastOf(t, log, "a"); last != 1 {
			t.Errorf("head %d", last)
		}
		if got := rows(t, log, "a", 10); len(got) != 1 || string(got[0].Value) != "old" {
			t.Errorf("rows %v", got)
		}
		if value, err := log.Row(t.Context(), "a", "l"); err != nil || value != nil {
			t.Errorf("row %q, %v", value, err)
		}
		if got := topics(t, log, "", 10); len(got) != 1 {
			t.Errorf("topics %q", got)
		}
		if terms, err := log.Terms(t.Context(), "b"); err != nil || len(terms) > 0 {
			t.Errorf("terms %v, %v", terms, err)
		}
	}
	checkBefore(log)
	f.check(t, map[string][]string{})

	crashed := open(t, place.Crash(nil))
	checkBefore(crashed)

	release()
	tasks.Wait()
	if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, log, "a")); diff != "" {
		t.Errorf("log after the sync (-want +got):\n%s", diff)
	}
	f.check(t, map[string][]string{"a": {"2:[2]"}, "b": {"1:[1]"}})
	if value, err := log.Row(t.Context(), "a", "k"); err != nil || string(value) != "new" {
		t.Errorf("row after the sync: %q, %v", value, err)
	}
}

// testHeldClose closes while a sync is held: Close waits for the append, which
// is told its outcome, and reads are refused meanwhile.
func testHeldClose(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	mustAppend(t, log, "a", batch(0, "1"))
	release, held := d.Hold()
	var tasks sync.WaitGroup
	tasks.Go(func() { mustTask(t, log.Append(t.Context(), "a", batch(1, "2"))) })
	<-held
	closed := make(chan struct{})
	tasks.Go(func() {
		defer close(closed)
		mustTask(t, log.Close())
	})
	for {
		if _, err := log.Head(t.Context(), "a"); err != nil {
			if !errors.Is(err, store.ErrClosed) {
				t.Errorf("head: %v", err)
			}
			break
		}
	}
	select {
	case <-closed:
		t.Error("Close returned before an append that was queued")
	default:
	}
	release()
	tasks.Wait()
	if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, open(t, place), "a")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// testHeldConflict has several appends that expect the same head meet in one
// commit, whose sync is held. One of them will win, but until a crash can no
// more take it back, none of the others hears of a conflict with it.
func testHeldConflict(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	releaseFirst, heldFirst := d.Hold()
	var tasks sync.WaitGroup
	defer tasks.Wait()
	releaseFirst = sync.OnceFunc(releaseFirst)
	defer releaseFirst()
	tasks.Go(func() { mustTask(t, log.Append(t.Context(), "other", batch(0, "1"))) })
	<-heldFirst

	const writers = 8
	outcomes := make(chan error, writers)
	for range writers {
		tasks.Go(func() { outcomes <- log.Append(t.Context(), "a", batch(0, "1")) })
	}
	for range 1000 { // they have every chance to queue behind the held sync
		runtime.Gosched()
	}
	release, held := d.Hold()
	release = sync.OnceFunc(release)
	defer release()
	releaseFirst()
	<-held
	for range 1000 { // and here, to hear too early
		runtime.Gosched()
	}
	select {
	case err := <-outcomes:
		t.Fatalf("told before anything was durable: %v", err)
	default:
	}
	if last := lastOf(t, open(t, place.Crash(nil)), "a"); last != 0 {
		t.Fatalf("head after a crash: %d; nothing was held", last)
	}

	release()
	won := 0
	for range writers {
		switch err := <-outcomes; {
		case err == nil:
			won++
		case !isConflict(err):
			t.Errorf("append: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d appends after the same head were taken", won)
	}
}
