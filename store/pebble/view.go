package pebble

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// view is a snapshot of the database when all in it was durable, counted by
// those who use it.
type view struct {
	snapshot *pebble.Snapshot
	users    atomic.Int64
	sweeper  *sweeper
}

func (s *Store) newView() *view {
	v := &view{snapshot: s.db.NewSnapshot(), sweeper: &s.sweeper}
	v.users.Store(1)
	return v
}

func (v *view) release() {
	if v.users.Add(-1) == 0 {
		v.sweeper.add(v.snapshot)
	}
}

// look begins a reading call: it returns the durable view, or ErrClosed. The
// caller ends with looked.
func (s *Store) look() (*view, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	return s.durable(), nil
}

func (s *Store) looked(v *view) {
	v.release()
	s.leave()
}

// durable returns the durable view for one who holds off Close otherwise. The
// caller releases it.
func (s *Store) durable() *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.view.users.Add(1)
	return s.view
}

// advance makes all that is in the database now the durable view.
func (s *Store) advance() {
	next := s.newView()
	s.mu.Lock()
	old := s.view
	s.view = next
	s.mu.Unlock()
	old.release()
}
