package pebble

import (
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// failure is the mark that the disk failed, and what follows from it.
type failure struct {
	failed chan struct{} // closed at the first failure
	cause  error         // set before failed is closed

	mu      *sync.Mutex // guards the field below
	stalled bool        // the committer waits within pebble for room

	stuck chan struct{} // closed when the committer waits for room that never comes
}

func newFailure() failure {
	return failure{failed: make(chan struct{}), mu: new(sync.Mutex), stuck: make(chan struct{})}
}

// fail marks the store as failed, unless it was already.
func (s *Store) fail(cause error) {
	f := &s.failure
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.guard.frozen() {
		return
	}
	f.cause = cause
	close(f.failed)
	if f.stalled {
		close(f.stuck)
	}
	s.config.Logger.Error("store failed; it takes no writes until it is opened anew", "dir", s.config.Dir, "error", cause)
}

// unknown is what those are told who cannot know what became of their append.
func (s *Store) unknown() error {
	return fmt.Errorf("append: %w: %w", store.ErrUnknown, s.failure.cause)
}

// listener hears from pebble when the committer waits for room, which it makes
// by flushing, which a failed store does not.
func (s *Store) listener() pebble.EventListener {
	f := &s.failure
	return pebble.EventListener{
		WriteStallBegin: func(pebble.WriteStallBeginInfo) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.stalled = true
			if s.guard.frozen() {
				close(f.stuck)
			}
		},
		WriteStallEnd: func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.stalled = false
		},
		BackgroundError: func(err error) { s.config.Logger.Warn("pebble", "error", err) },
	}
}

// wait waits for the tasks; false if the committer is stuck for good.
func (f *failure) wait(tasks *sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tasks.Wait()
	}()
	select {
	case <-done:
		return true
	case <-f.stuck:
		return false
	}
}
