package shelf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tuttisync/tutti/internal/lockfile"
)

// erased is the mode of the lock file of a directory that is being erased. Who has
// the directory sees it through the file, which it has open, when the name is gone.
const erased = 0o400

func isErased(lock os.FileInfo) bool { return lock.Mode().Perm()&0o200 == 0 }

// Erase erases a directory, and tells the Shelf that has it, if there is one: that
// fails with ErrGone from then on.
func Erase(dir string) error {
	// If there is no such file there is nobody to be told.
	if err := os.Chmod(filepath.Join(dir, "lock"), erased); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("tell who has %s: %w", dir, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

// Remove erases the directory, and gives it up.
func (s *Shelf) Remove() error {
	_ = os.RemoveAll(s.dir) // under the lock, where open files can be removed
	err := s.Close()
	if removed := os.RemoveAll(s.dir); removed != nil {
		return fmt.Errorf("erase: %w", removed)
	}
	return err
}

// Gone says whether the directory was erased. If it was lost otherwise (its files
// were deleted), it is made anew with all rows, or by a later Gone or Write if that
// fails.
func (s *Shelf) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lock != nil && errors.Is(s.look(), ErrGone)
}

// look sees whether the files are there, and makes them anew if they were lost. It
// is called under mu.
func (s *Shelf) look() error {
	info, err := os.Stat(s.path())
	if err != nil && !errors.Is(err, os.ErrNotExist) || err == nil && s.info != nil && os.SameFile(info, s.info) {
		return nil // a write will tell what is wrong
	}
	held, err := s.lock.Stat()
	if err != nil {
		return fmt.Errorf("look at the lock: %w", err)
	}
	if isErased(held) {
		return ErrGone
	}
	if s.journal == nil {
		return s.openJournal()
	}
	if err := s.lockAnew(held); err != nil {
		return err
	}
	return s.rewrite(nil)
}

// lockAnew locks the directory that stands in the place of the lost one.
func (s *Shelf) lockAnew(held os.FileInfo) error {
	path := filepath.Join(s.dir, "lock")
	if info, err := os.Stat(path); err == nil && os.SameFile(info, held) {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the directory anew: %w", err)
	}
	lock, err := lockfile.Acquire(path)
	if errors.Is(err, lockfile.ErrLocked) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("lock %s anew: %w", s.dir, err)
	}
	_ = s.lock.Close() // nobody can find it any more
	s.lock = lock
	return nil
}
