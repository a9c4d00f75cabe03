package pebble

import (
	"fmt"
	"sync"

	"github.com/tuttisync/tutti/store"
)

// failure is the mark that the disk failed.
type failure struct {
	once   sync.Once
	failed chan struct{} // closed at the first failure
	cause  error         // set before failed is closed
}

// fail marks the store as failed, unless it was already.
func (s *Store) fail(cause error) {
	s.failure.once.Do(func() {
		s.failure.cause = cause
		close(s.failure.failed)
		s.config.Logger.Error("store failed; it takes no writes until it is opened anew", "dir", s.config.Dir, "error", cause)
	})
}

// unknown is what those are told who cannot know what became of their append.
func (s *Store) unknown() error {
	return fmt.Errorf("append: %w: %w", store.ErrUnknown, s.failure.cause)
}
