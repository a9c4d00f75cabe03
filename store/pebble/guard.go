package pebble

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is the file system that pebble sees. It exists because pebble ends the
// process when the disk fails at a bad moment: a log that cannot be written,
// synced or created is a panic with locks held, which nobody can recover from.
// The contract wants ErrUnknown instead, and reads that go on. Ending
// goroutines from the logger's Fatalf was the other way; it covers none of the
// panics, and leaves locks behind.
//
// So a failure marks the store as failed first, and from then on the directory
// is frozen as a crash would have left it:
//
//   - Writing and syncing the log and directories, and removing, seem to
//     succeed and do nothing. Nobody is misled: the committer looks at the mark
//     before it acknowledges anything.
//   - Other changes wait until the store is closed, and then fail. So nothing
//     is flushed or compacted from what the log lacks.
//   - Reads are as before.
//
// A table (not the log) that finds the disk full can be written later, and
// pebble tries again at once and without end. That is no failure: the store is
// full until a table was written, and the trials are slowed down.
type guard struct {
	vfs.FS
	fail    func(error)     // marks the store as failed; may be called often
	failed  <-chan struct{} // closed by fail
	closing chan struct{}   // closed when the store closes
	opened  atomic.Bool     // until then, errors are pebble's to return
	full    atomic.Bool     // the newest table found no room
}

const fullRetry = time.Second

var errFrozen = errors.New("the disk failed before")

func newGuard(fs vfs.FS, fail func(error), failed <-chan struct{}) *guard {
	return &guard{FS: fs, fail: fail, failed: failed, closing: make(chan struct{})}
}

func (g *guard) frozen() bool {
	select {
	case <-g.failed:
		return true
	default:
		return false
	}
}

// kind says how the guard treats a file.
type kind int

const (
	kindOther kind = iota // the manifest and such: a failure is final
	kindWAL               // and directories: likewise, and is not shown to pebble
	kindTable             // can be written again if the disk was full
)

func kindOfFile(name string) kind {
	switch {
	case strings.HasSuffix(name, ".log"):
		return kindWAL
	case strings.HasSuffix(name, ".sst"), strings.HasSuffix(name, ".blob"):
		return kindTable
	}
	return kindOther
}

// change makes a change to a file of the kind, or does what stands above.
func (g *guard) change(k kind, do func() error) error {
	if g.frozen() {
		return g.refuse(k)
	}
	err := do()
	if err == nil {
		return nil
	}
	if k == kindTable && errors.Is(err, syscall.ENOSPC) {
		g.full.Store(true)
		if g.opened.Load() {
			g.slow()
		}
		return err
	}
	g.fail(err)
	if k == kindWAL {
		return nil
	}
	return err
}

func (g *guard) refuse(k kind) error {
	if k == kindWAL {
		return nil
	}
	if g.opened.Load() {
		<-g.closing
	}
	return errFrozen
}

func (g *guard) slow() {
	timer := time.NewTimer(fullRetry)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.failed:
	case <-g.closing:
	}
}

// file opens a file for writing.
func (g *guard) file(name string, open func() (vfs.File, error)) (vfs.File, error) {
	k := kindOfFile(name)
	var f vfs.File
	err := g.change(k, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	if f == nil {
		return lostFile{name}, nil
	}
	return &guardedFile{File: f, guard: g, kind: k}, nil
}

// Create implements vfs.FS.
func (g *guard) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.Create(name, category) })
}

// OpenReadWrite implements vfs.FS.
func (g *guard) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, category, options...) })
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(name, func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, category) })
}

// OpenDir implements vfs.FS.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, guard: g, kind: kindWAL}, nil
}

// Link implements vfs.FS.
func (g *guard) Link(old, name string) error {
	return g.change(kindOfFile(name), func() error { return g.FS.Link(old, name) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(old, name string) error {
	return g.change(kindOfFile(name), func() error { return g.FS.Rename(old, name) })
}

// MkdirAll implements vfs.FS.
func (g *guard) MkdirAll(dir string, mode os.FileMode) error {
	return g.change(kindOther, func() error { return g.FS.MkdirAll(dir, mode) })
}

// Remove implements vfs.FS. What cannot be removed is garbage, no failure.
func (g *guard) Remove(name string) error {
	if g.frozen() {
		return nil
	}
	return g.FS.Remove(name)
}

// RemoveAll implements vfs.FS.
func (g *guard) RemoveAll(name string) error {
	if g.frozen() {
		return nil
	}
	return g.FS.RemoveAll(name)
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }
