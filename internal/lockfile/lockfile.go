// Package lockfile locks files, so that one alone uses what lies beside them: of
// all processes, and within this one. A lock ends with its process.
package lockfile

import (
	"errors"
	"os"
)

// ErrLocked is what Acquire fails with while another holds the lock.
var ErrLocked = errors.New("it is locked")

// Acquire opens a file, which it makes if there is none, and locks it until that
// is closed. It does not wait: ErrLocked.
func Acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
