//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package lockfile

import (
	"errors"
	"fmt"
	"os"
)

func tryLock(*os.File) error {
	return fmt.Errorf("lock a file on this platform: %w", errors.ErrUnsupported)
}

// SyncDirectory does nothing: here nothing is locked either.
func SyncDirectory(string) error { return nil }
