package pebble

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// view is a snapshot of the database when all in it was durable, counted by
// those who use it.
type view struct {
	snapshot *pebble.Snapshot
	users    atomic.Int64
}

func newView(db *pebble.DB) *view {
	v := &view{snapshot: db.NewSnapshot()}
	v.users.Store(1)
	return v
}

func (v *view) release() {
	if v.users.Add(-1) == 0 {
		// The error says only that an iterator is still open, and none is.
		_ = v.snapshot.Close()
	}
}

// look returns the durable view, or ErrClosed. The caller releases it.
func (s *Store) look() (*view, error) {
	s.mu.RLock()
	closed := s.closed
	s.mu.RUnlock()
	if closed {
		return nil, store.ErrClosed
	}
	return s.lookAlways()
}

// lookAlways is look for the committer, which Close waits for.
func (s *Store) lookAlways() (*view, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.view == nil {
		return nil, store.ErrClosed
	}
	s.view.users.Add(1)
	return s.view, nil
}

// advance makes all that is in the database now the durable view.
func (s *Store) advance() {
	next := newView(s.db)
	s.mu.Lock()
	old := s.view
	s.view = next
	s.mu.Unlock()
	old.release()
}
