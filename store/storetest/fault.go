package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testFailedSync(t *testing.T, b Backend) {
	testFailed(t, b, errors.New("input/output error"), Disk.FailSync)
}

// testFailedWrite has no room for a write that was begun: nobody can know what
// is on disk then.
func testFailedWrite(t *testing.T, b Backend) {
	testFailed(t, b, syscall.ENOSPC, Disk.FailWrite)
}

// testFailed makes the disk fail under many appends. None is acknowledged, all
// are told that the outcome is unknown and why, and so are all later ones, even
// if the disk is well again; reads go on. A store opened anew has all that was
// acknowledged.
func testFailed(t *testing.T, b Backend, cause error, fail func(Disk, error)) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	const writers = 16
	name := func(i int) string { return fmt.Sprintf("t%d", i) }
	for i := range writers {
		mustAppend(t, log, name(i), batch(0, "1"))
	}
	f, stop := follow(t, log)
	fail(d, cause)
	var tasks sync.WaitGroup
	for i := range writers {
		tasks.Go(func() {
			if err := log.Append(t.Context(), name(i), batch(1, "2")); !errors.Is(err, store.ErrUnknown) || !errors.Is(err, cause) {
				t.Errorf("append on a failing disk: %v", err)
			}
		})
	}
	tasks.Wait()
	fail(d, nil)
	for what, err := range map[string]error{
		"Append":        log.Append(t.Context(), name(0), batch(1, "2")),
		"Append, again": log.Append(t.Context(), "new", batch(0, "1")),
		"Truncate":      log.Truncate(t.Context(), name(0), 2),
		"Redact":        log.Redact(t.Context(), name(0), 1, []byte("x")),
		"PutSnapshot":   log.PutSnapshot(t.Context(), name(0), store.Snapshot{Offset: 1}),
	} {
		if !errors.Is(err, store.ErrUnknown) {
			t.Errorf("%s after the disk failed: %v", what, err)
		}
	}
	for i := range writers {
		if diff := cmp.Diff([]string{"1:1"}, all(t, log, name(i))); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	}
	stop()
	f.check(t, map[string][]string{})
	crashed := place.Crash(nil)
	closeLog(t, log)
	for _, place := range []Place{crashed, place} {
		log := open(t, place)
		for i := range writers {
			last := lastOf(t, log, name(i))
			if got := all(t, log, name(i)); uint64(len(got)) != last || last == 0 || got[0] != "1:1" || last > 1 && got[1] != "2:2" {
				t.Errorf("log after reopening: %q, head %d", got, last)
			}
			mustAppend(t, log, name(i), batch(last, "more"))
		}
	}
}

// testFullDisk takes the free space away and gives it back. While it is gone,
// appends end in ErrFull and write nothing, and what makes room is possible.
func testFullDisk(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	log := open(t, place)
	mustAppend(t, log, "a", batch(0, "1", "2"))
	d.SetFree(0)
	for range 3 {
		if err := log.Append(t.Context(), "a", batch(2, "3")); !errors.Is(err, store.ErrFull) {
			t.Fatalf("append on a full disk: %v", err)
		}
	}
	if err := log.Append(t.Context(), "b", store.Batch{Rows: []store.Row{{Key: "k", Value: []byte("v")}}}); !errors.Is(err, store.ErrFull) {
		t.Errorf("append of rows on a full disk: %v", err)
	}
	if err := log.PutSnapshot(t.Context(), "a", store.Snapshot{Offset: 1, Data: []byte("fold")}); !errors.Is(err, store.ErrFull) {
		t.Errorf("put snapshot on a full disk: %v", err)
	}
	if diff := cmp.Diff([]string{"1:1", "2:2"}, all(t, log, "a")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got := topics(t, log, "", 10); len(got) != 1 {
		t.Errorf("topics %q", got)
	}
	if err := log.Truncate(t.Context(), "a", 2); err != nil {
		t.Errorf("truncate on a full disk: %v", err)
	}
	if err := log.Redact(t.Context(), "a", 2, []byte("x")); err != nil {
		t.Errorf("redact on a full disk: %v", err)
	}
	d.SetFree(1 << 40)
	mustAppend(t, log, "a", batch(2, "3"))
	if diff := cmp.Diff([]string{"2:x", "3:3"}, all(t, log, "a")); diff != "" {
		t.Errorf("log when there is room again (-want +got):\n%s", diff)
	}
}

// testFailsAnywhere lets the disk fail for good at a random change, whatever it
// is a part of, under a full load. Appends may end in ErrUnknown or ErrFull and
// must end; reads go on; Close returns; what was acknowledged or seen is found
// by a store opened anew, and after a crash.
func testFailsAnywhere(t *testing.T, b Backend) {
	place := b.New(t)
	d := disk(t, place)
	rng := random(t)
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		cause := error(syscall.EIO)
		if round%2 == 1 {
			cause = syscall.ENOSPC
		}
		failOnce(t, place, d, rng, cause)
		if t.Failed() {
			t.Fatalf("round %d, cause %v", round, cause)
		}
	}
}

func failOnce(t *testing.T, place Place, d Disk, rng *rand.Rand, cause error) {
	log := open(t, place)
	l := startLoad(t, log, rng, 4)
	<-l.progress
	d.FailAfter(rng.IntN(400), cause)
	l.writers.Wait()
	l.finish()
	for _, err := range l.failures {
		if !errors.Is(err, store.ErrUnknown) && !errors.Is(err, store.ErrFull) {
			t.Errorf("append on a failing disk: %v", err)
		}
	}
	lower := l.lower()
	for _, topic := range l.topics {
		if last := lastOf(t, log, topic); last < lower[topic] {
			t.Errorf("%s: head %d, and %d was acknowledged or seen", topic, last, lower[topic])
		}
	}
	crashed := place.Crash(chance(rng))
	closeLog(t, log)
	d.FailAfter(0, nil)
	for _, place := range []Place{crashed, place} {
		found := open(t, place)
		l.judge(found, lower)
		closeLog(t, found)
	}
}
