package pebble

import (
	"errors"
	"io/fs"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardedFile is a file, or a directory, of a guard.
type guardedFile struct {
	vfs.File
	guard *guard
	table bool
}

// Write implements vfs.File.
func (f *guardedFile) Write(p []byte) (int, error) {
	err := f.guard.change(f.table, func() error {
		_, err := f.File.Write(p)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteAt implements vfs.File.
func (f *guardedFile) WriteAt(p []byte, offset int64) (int, error) {
	err := f.guard.change(f.table, func() error {
		_, err := f.File.WriteAt(p, offset)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Sync implements vfs.File.
func (f *guardedFile) Sync() error { return f.sync(f.File.Sync) }

// SyncData implements vfs.File.
func (f *guardedFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *guardedFile) sync(do func() error) error {
	err := f.guard.change(f.table, do)
	if err == nil && f.table {
		f.guard.full.Store(false)
	}
	return err
}

// SyncTo implements vfs.File.
func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.guard.change(f.table, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// Preallocate implements vfs.File. It is a hint; pebble goes on without it.
func (f *guardedFile) Preallocate(offset, length int64) error {
	if f.guard.frozen() {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Close implements vfs.File.
func (f *guardedFile) Close() error {
	err := f.File.Close()
	if err == nil || f.table {
		return err
	}
	f.guard.fail(err)
	return nil
}

// lostFile stands for a file that could not be made: it takes all and keeps
// nothing.
type lostFile struct{ name string }

var errLost = errors.New("the file could not be made")

func (lostFile) Close() error                           { return nil }
func (lostFile) Read([]byte) (int, error)               { return 0, errLost }
func (lostFile) ReadAt([]byte, int64) (int, error)      { return 0, errLost }
func (lostFile) Write(p []byte) (int, error)            { return len(p), nil }
func (lostFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (lostFile) Preallocate(int64, int64) error         { return nil }
func (lostFile) Sync() error                            { return nil }
func (lostFile) SyncTo(int64) (bool, error)             { return true, nil }
func (lostFile) SyncData() error                        { return nil }
func (lostFile) Prefetch(int64, int64) error            { return nil }
func (lostFile) Fd() uintptr                            { return vfs.InvalidFd }
func (f lostFile) Stat() (vfs.FileInfo, error)          { return lostInfo(f), nil }

type lostInfo struct{ name string }

func (i lostInfo) Name() string         { return i.name }
func (lostInfo) Size() int64            { return 0 }
func (lostInfo) Mode() fs.FileMode      { return 0o600 }
func (lostInfo) ModTime() time.Time     { return time.Time{} }
func (lostInfo) IsDir() bool            { return false }
func (lostInfo) Sys() any               { return nil }
func (lostInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
