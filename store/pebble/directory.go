package pebble

import (
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// makeDirectory makes the directory and those above it, durably: a directory
// that was not synced into its parent is gone after a crash, with all in it.
func makeDirectory(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeDirectory(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return syncDirectory(fs, parent)
}

func syncDirectory(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// lockDirectory makes sure that no other store has the directory open. What
// fails other than by the lock itself is a path that cannot be written.
func lockDirectory(fs vfs.FS, dir string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, fs)
	var path *os.PathError
	switch {
	case errors.As(err, &path):
		return nil, fmt.Errorf("lock the directory %s: %w", dir, err)
	case err != nil:
		return nil, fmt.Errorf("another process uses the directory %s: %w", dir, err)
	}
	return lock, nil
}
