package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// testAtomic has one writer whose every batch holds several entries and sets
// two rows to the head that it makes, and readers that look in all orders. What
// belongs to one batch is seen whole: who saw a part, then sees the rest.
func testAtomic(t *testing.T, b Backend) {
	log := open(t, b.New(t))
	const batches, width = 200, 3
	row := func(key string) uint64 {
		value, err := log.Row(t.Context(), "a", key)
		mustTask(t, err)
		n, _ := strconv.ParseUint(string(value), 10, 64)
		return n
	}
	head := func() uint64 {
		h, err := log.Head(t.Context(), "a")
		mustTask(t, err)
		return h.Last
	}
	newest := func() uint64 {
		entries, err := log.Read(t.Context(), "a", 0, batches*width, 1<<20)
		mustTask(t, err)
		if len(entries) == 0 {
			return 0
		}
		return entries[len(entries)-1].Offset
	}
	looks := []struct {
		name string
		look func() uint64
	}{
		{"row x", func() uint64 { return row("x") }},
		{"row y", func() uint64 { return row("y") }},
		{"head", head},
		{"newest entry", newest},
		{"rows", func() uint64 {
			rows, err := log.Rows(t.Context(), "a", "", 10)
			mustTask(t, err)
			if len(rows) == 0 {
				return 0
			}
			if len(rows) != 2 || string(rows[0].Value) != string(rows[1].Value) {
				t.Errorf("rows of two batches: %v", rows)
			}
			n, _ := strconv.ParseUint(string(rows[0].Value), 10, 64)
			return n
		}},
	}
	done := make(chan struct{})
	var tasks sync.WaitGroup
	for _, first := range looks {
		tasks.Go(func() {
			for {
				seen := first.look()
				for _, second := range looks {
					n := second.look()
					if n < seen {
						t.Errorf("%s was %d, and then %s %d", first.name, seen, second.name, n)
						return
					}
					if n%width != 0 {
						t.Errorf("%s is %d: a part of a batch", second.name, n)
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := uint64(0); n < batches*width; n += width {
		value := fmt.Append(nil, n+width)
		mustAppend(t, log, "a", store.Batch{
			After:   n,
			Entries: [][]byte{[]byte("p"), []byte("q"), []byte("r")},
			Rows:    []store.Row{{Key: "x", Value: value}, {Key: "y", Value: value}},
		})
	}
	close(done)
	tasks.Wait()
}
