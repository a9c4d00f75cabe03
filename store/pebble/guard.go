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
// process when the disk fails at a bad moment. A log that cannot be written,
// synced or created is a panic with locks held, which nobody can recover from;
// a manifest that cannot be written leaves half-changed state in memory. The
// contract wants ErrUnknown instead, and reads that go on. Ending goroutines
// from the logger's Fatalf was the other way; it covers none of the panics, and
// leaves locks behind.
//
// So a failure marks the store as failed first, and from then on the directory
// is frozen as a crash would have left it:
//
//   - Tables can fail: pebble then drops what it was about to do. Those that
//     are begun later wait until the store is closed, and then fail.
//   - All other changes, also the one that failed, seem to succeed and do
//     nothing: pebble goes on in memory with a disk that stands still. Nobody is
//     misled, for the committer looks at the mark before it acknowledges
//     anything.
//   - Reads are as before.
//
// A table that finds the disk full can be written later, and pebble tries again
// at once and without end. That is no failure: the store is full until a table
// was written, and the trials are slowed down. Except while opening, which
// would not return before there is room: there tables are as other files, any
// failure is one of opening, and what seemed to open is closed again.
type guard struct {
	vfs.FS
	fail    func(error)     // marks the store as failed; may be called often
	failed  <-chan struct{} // closed by fail
	filled  func()          // is told when full was set
	closing chan struct{}   // closed when the store closes
	opened  atomic.Bool
	full    atomic.Bool // the newest table found no room
}

const fullRetry = time.Second

var errFrozen = errors.New("the disk failed before")

func newGuard(fs vfs.FS, fail func(error), failed <-chan struct{}, filled func()) *guard {
	return &guard{FS: fs, fail: fail, failed: failed, filled: filled, closing: make(chan struct{})}
}

func (g *guard) frozen() bool {
	select {
	case <-g.failed:
		return true
	default:
		return false
	}
}

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// change makes a change to a table or another file, or does what stands above.
func (g *guard) change(table bool, do func() error) error {
	if g.frozen() {
		return g.refuse(table)
	}
	err := do()
	if err == nil {
		return nil
	}
	if table && g.opened.Load() && errors.Is(err, syscall.ENOSPC) {
		g.full.Store(true)
		g.filled()
		g.slow()
		return err
	}
	g.fail(err)
	if table && g.opened.Load() { // after fail: see Store.open
		return err
	}
	return nil
}

func (g *guard) refuse(table bool) error {
	if !table || !g.opened.Load() {
		return nil
	}
	<-g.closing
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
	table := isTable(name)
	var f vfs.File
	err := g.change(table, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	if f == nil {
		return lostFile{name}, nil
	}
	return &guardedFile{File: f, guard: g, table: table}, nil
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
	return &guardedFile{File: f, guard: g}, nil
}

// Link implements vfs.FS.
func (g *guard) Link(old, name string) error {
	return g.change(isTable(name), func() error { return g.FS.Link(old, name) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(old, name string) error {
	return g.change(isTable(name), func() error { return g.FS.Rename(old, name) })
}

// MkdirAll implements vfs.FS.
func (g *guard) MkdirAll(dir string, mode os.FileMode) error {
	return g.change(false, func() error { return g.FS.MkdirAll(dir, mode) })
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
