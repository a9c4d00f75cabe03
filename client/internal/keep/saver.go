package keep

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tuttisync/tutti/client/internal/shelf"
)

// retry is after how long a write that has failed is made again, if nothing else
// is written by then, and the directory is looked at.
const retry = 10 * time.Second

// saverHost is told what a saver does.
type saverHost struct {
	stored   func(mark uint64) // all that was put up to a mark is stored
	failed   func(error)       // a write has failed
	unstored func()            // so what was put is not stored for now; no write is made before it returns
}

// saver writes rows in batches: what is put while a write is under way goes into
// the next (rule OUT-1). What a write that failed was to store is stored with a
// later one (rule OUT-10).
type saver struct {
	store Store
	host  saverHost

	mu      sync.Mutex        // guards what follows
	changes map[string][]byte // to be written; nil: to be taken away
	writing map[string][]byte // being written
	mark    uint64            // the latest that was put; 0: none was
	waiting []chan<- error    // for what was put
	durable bool
	closed  bool

	more chan struct{} // has room for one: there is something to do
	done chan struct{}
	told uint64 // the latest mark that is stored
	last error  // of the last write, once done is closed
}

func newSaver(store Store, host saverHost) *saver {
	s := &saver{
		store: store, host: host, changes: make(map[string][]byte), durable: true,
		more: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go s.run()
	return s
}

// put stores rows, all with one write. A mark tells them from those before; it is
// above the former one, or 0 for none.
func (s *saver) put(changes map[string][]byte, mark uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	maps.Copy(s.changes, changes)
	s.mark = max(s.mark, mark)
	s.wake()
}

func (s *saver) wake() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// flush waits until all is stored that was put up to now, or has failed.
func (s *saver) flush() error {
	written := make(chan error, 1)
	s.mu.Lock()
	s.waiting = append(s.waiting, written)
	s.wake()
	s.mu.Unlock()
	select {
	case err := <-written:
		return err
	case <-s.done:
		return shelf.ErrGone
	}
}

// read returns the rows of a prefix, as they are with all that was put.
func (s *saver) read(prefix string) ([]shelf.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, err := s.store.Read(prefix)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(stored))
	for _, r := range stored {
		found[r.Key] = r.Value
	}
	for _, changes := range []map[string][]byte{s.writing, s.changes} {
		for key, value := range changes {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if delete(found, key); value != nil {
				found[key] = value
			}
		}
	}
	rows := make([]shelf.Row, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		rows = append(rows, shelf.Row{Key: key, Value: found[key]})
	}
	return rows, nil
}

func (s *saver) isDurable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable
}

// close ends it when all that was put is written, or has failed, of which it returns
// the error; at once if what was put is not wanted any more.
func (s *saver) close(wanted bool) error {
	s.mu.Lock()
	if !wanted {
		clear(s.changes)
	}
	s.closed = true
	s.wake()
	s.mu.Unlock()
	<-s.done
	return s.last
}

func (s *saver) run() {
	defer close(s.done)
	again := time.NewTimer(retry)
	defer again.Stop()
	for closed := false; !closed; {
		select {
		case <-s.more:
		case <-again.C:
			if s.store.Gone() {
				s.host.failed(shelf.ErrGone)
			}
		}
		if closed = s.write(); !closed {
			again.Reset(retry)
		}
	}
}

// write makes one write. It reports whether it was the last.
func (s *saver) write() (closed bool) {
	s.mu.Lock()
	changes, waiting, mark := s.changes, s.waiting, s.mark
	s.changes, s.writing, s.waiting = make(map[string][]byte), changes, nil
	closed = s.closed
	s.mu.Unlock()
	var err error
	if len(changes) > 0 {
		batch := make([]shelf.Change, 0, len(changes))
		for _, key := range slices.Sorted(maps.Keys(changes)) {
			batch = append(batch, shelf.Change{Key: key, Value: changes[key]})
		}
		err = s.store.Write(batch)
	}
	s.mu.Lock()
	s.writing = nil
	if len(changes) > 0 {
		s.durable = err == nil
	}
	if err != nil {
		maps.Copy(changes, s.changes)
		s.changes = changes
	}
	s.mu.Unlock()
	s.last = err
	s.tell(mark, err)
	for _, written := range waiting {
		written <- err
	}
	return closed
}

// tell tells what became of a write of all that was put up to a mark.
func (s *saver) tell(mark uint64, err error) {
	switch {
	case err != nil:
		s.host.failed(err)
		if mark > 0 {
			s.host.unstored()
		}
	case mark > s.told:
		s.told = mark
		s.host.stored(mark)
	}
}
