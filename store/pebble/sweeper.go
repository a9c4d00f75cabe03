package pebble

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// sweeper closes snapshots that nobody uses any more.
//
// Pebble looks for work to do when a snapshot is closed, and waits for whoever
// writes the manifest to do so: for a sync of the disk, and after a failure, in
// guard, until the store is closed. Neither the committer nor a reader may wait
// for that. Closing where the last user leaves was the other way; reads hung
// behind a failed flush, and Close behind the reads.
type sweeper struct {
	wake chan struct{} // holds one; closed when no more snapshots come

	mu    sync.Mutex // guards the field below
	spent []*pebble.Snapshot
}

func newSweeper() sweeper { return sweeper{wake: make(chan struct{}, 1)} }

// add hands a snapshot over. It does not block.
func (w *sweeper) add(snapshot *pebble.Snapshot) {
	w.mu.Lock()
	w.spent = append(w.spent, snapshot)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *sweeper) take() []*pebble.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	spent := w.spent
	w.spent = nil
	return spent
}

// run closes snapshots until wake is closed.
func (w *sweeper) run() {
	for range w.wake {
		for _, snapshot := range w.take() {
			// The error says only that an iterator is still open, and none is.
			_ = snapshot.Close()
		}
	}
}
