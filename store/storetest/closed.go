package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/store"
)

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }

func testClosed(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	mustAppend(t, log, "a", batch(0, "1"))
	_, stop := follow(t, log)
	closeLog(t, log)
	closeLog(t, log)
	stop()
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Append":      func() error { return log.Append(ctx, "a", batch(1, "2")) },
		"Read":        func() error { _, err := log.Read(ctx, "a", 0, 1, 1); return err },
		"Head":        func() error { _, err := log.Head(ctx, "a"); return err },
		"Terms":       func() error { _, err := log.Terms(ctx, "a"); return err },
		"Row":         func() error { _, err := log.Row(ctx, "a", "k"); return err },
		"Rows":        func() error { _, err := log.Rows(ctx, "a", "", 1); return err },
		"Truncate":    func() error { return log.Truncate(ctx, "a", 1) },
		"Redact":      func() error { return log.Redact(ctx, "a", 1, []byte("x")) },
		"PutSnapshot": func() error { return log.PutSnapshot(ctx, "a", store.Snapshot{Offset: 1}) },
		"Snapshot":    func() error { _, err := log.Snapshot(ctx, "a", 0); return err },
		"Topics":      func() error { _, err := log.Topics(ctx, "", "", 1); return err },
		"Follow":      func() error { _, err := log.Follow(0, func(store.Appended) {}); return err },
	} {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if log.Term() == "" || log.Shards() < 1 {
		t.Errorf("term %q, %d shards", log.Term(), log.Shards())
	}
}

// testCloseDuringAppends closes while many append and read. Each append ends
// in nil or ErrClosed, and those that ended in nil are there afterwards.
func testCloseDuringAppends(t *testing.T, b Backend) {
	place := b.New(t)
	for range 5 {
		log := open(t, place)
		const writers = 16
		acknowledged := make([]uint64, writers)
		begun := make(chan struct{}, 1)
		var tasks sync.WaitGroup
		for i := range writers {
			topic := fmt.Sprintf("t%d", i)
			acknowledged[i] = lastOf(t, log, topic)
			tasks.Go(func() {
				for n := acknowledged[i]; ; n++ {
					err := log.Append(t.Context(), topic, batch(n, "x"))
					if err != nil {
						if !errors.Is(err, store.ErrClosed) {
							t.Errorf("append: %v", err)
						}
						return
					}
					acknowledged[i] = n + 1
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
			tasks.Go(func() {
				for {
					if _, err := log.Read(t.Context(), topic, 0, 10, 1000); err != nil {
						if !errors.Is(err, store.ErrClosed) {
							t.Errorf("read: %v", err)
						}
						return
					}
				}
			})
		}
		<-begun
		tasks.Go(func() { mustTask(t, log.Close()) })
		closeLog(t, log)
		tasks.Wait()
		log = open(t, place)
		for i, n := range acknowledged {
			if last := lastOf(t, log, fmt.Sprintf("t%d", i)); last != n {
				t.Errorf("topic %d: head %d, and %d were acknowledged", i, last, n)
			}
		}
		closeLog(t, log)
	}
}
