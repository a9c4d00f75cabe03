// Package shelf keeps rows, values by key, in a directory that one Shelf alone
// uses.
//
//	s, err := shelf.Open(dir)
//	…
//	err = s.Write([]shelf.Change{{Key: "entry/1", Value: v}, {Key: "entry/0"}}) // all or none
//	rows, err := s.Read("entry/")
//	…
//	err = s.Close()
//
// A write is in the directory when Write has returned nil, also if the machine
// loses its power; one that has failed is there whole or not at all, and leaves
// what was there before as it was. Keys and values are UTF-8. In memory are the
// keys alone: values are read from the file.
//
// What is deleted while a Shelf has the directory it writes anew; [Erase] is how to
// have it gone.
//
// The directory holds a file that only grows, journal, with one frame for each
// write, and lock. When most of the journal has been overwritten it is written
// anew, as journal.new, which then takes its place.
package shelf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tuttisync/tutti/internal/lockfile"
)

var (
	// ErrLocked is what Open fails with while another Shelf, of this process or of
	// another one, has the directory.
	ErrLocked = errors.New("it is in use elsewhere")

	// ErrGone is what Write fails with when the directory was erased by [Erase], or
	// when it was lost and another Shelf has its place.
	ErrGone = errors.New("it was erased")
)

// Row is a value by its key.
type Row struct {
	Key   string
	Value []byte
}

// Change writes a row, or takes it away if Value is nil.
type Change struct {
	Key   string
	Value []byte
}

// file is what of a file is used.
type file interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Sync() error
	Close() error
}

// Shelf is rows in a directory. It is safe for concurrent use. Make one with
// [Open].
type Shelf struct {
	dir  string
	open func(path string, flag int) (file, error)

	mu      sync.Mutex // guards what follows
	lock    *os.File   // nil once closed
	journal file       // nil if it could not be opened again
	info    fs.FileInfo
	end     int64 // of the frames that count
	live    int64 // bytes of the rows that there are
	rows    map[string]place
	damaged bool
	// broken: nothing can be added to the journal, as nobody knows what is behind
	// its end. The next write makes a new one.
	broken bool
}

// place is where a value is in the journal.
type place struct {
	at     int64
	length int
}

// Open opens a directory, which it makes if there is none. The error is ErrLocked
// or one of the file system.
func Open(dir string) (*Shelf, error) { return openWith(dir, openFile) }

func openFile(path string, flag int) (file, error) { return os.OpenFile(path, flag, 0o600) }

func openWith(dir string, open func(string, int) (file, error)) (*Shelf, error) {
	if info, err := os.Stat(filepath.Join(dir, "lock")); err == nil && isErased(info) {
		if err := os.RemoveAll(dir); err != nil { // as was begun
			return nil, fmt.Errorf("erase: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory: %w", err)
	}
	lock, err := lockfile.Acquire(filepath.Join(dir, "lock"))
	if errors.Is(err, lockfile.ErrLocked) {
		err = ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	s := &Shelf{dir: dir, open: open, lock: lock, rows: make(map[string]place)}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// load finds out which rows there are.
func (s *Shelf) load() error {
	err := s.openJournal()
	if errors.Is(err, os.ErrNotExist) {
		if err := s.rewrite(nil); err != nil {
			return err
		}
		return lockfile.SyncDirectory(filepath.Dir(s.dir))
	}
	if err != nil {
		return err
	}
	damaged, err := scan(s.journal, s.info.Size(), func(at int64, changes []framed) {
		for _, c := range changes {
			s.put(c.key, place{at + c.at, c.length}, c.deletes)
		}
	}, &s.end)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	s.damaged = damaged
	// What was cut off must not stay behind what comes next.
	s.broken = damaged || s.end < s.info.Size() && s.journal.Truncate(s.end) != nil
	return nil
}

func (s *Shelf) put(key string, p place, deletes bool) {
	if was, ok := s.rows[key]; ok {
		s.live -= size(key, was.length)
		delete(s.rows, key)
	}
	if !deletes {
		s.rows[key] = p
		s.live += size(key, p.length)
	}
}

// Damaged says that writes were lost which had been stored: what is there may be of
// different times. What is left of the former journal is kept as journal.damaged
// when there is a new one.
func (s *Shelf) Damaged() bool { return s.damaged }

// Read returns the rows whose keys begin with a prefix, ordered by key. The caller
// owns them.
func (s *Shelf) Read(prefix string) ([]Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return nil, err
	}
	var rows []Row
	for key := range s.rows {
		if strings.HasPrefix(key, prefix) {
			rows = append(rows, Row{Key: key})
		}
	}
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Key, b.Key) })
	for i := range rows {
		p := s.rows[rows[i].Key]
		rows[i].Value = make([]byte, p.length)
		if _, err := s.journal.ReadAt(rows[i].Value, p.at); err != nil {
			return nil, fmt.Errorf("read the row %.80q: %w", rows[i].Key, err)
		}
	}
	return rows, nil
}

// Write makes changes, all or none, the later of a key before the earlier. It waits
// until they are stored. The error is ErrGone, [os.ErrClosed], or one of the file
// system; then another Write may succeed later.
func (s *Shelf) Write(changes []Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.look(); err != nil {
		return err
	}
	if s.broken {
		return s.rewrite(changes)
	}
	if err := s.add(changes); err != nil {
		return err
	}
	if s.end > least && s.end > 2*s.live {
		// What was written is stored; if there is no room to write it anew, it is tried again.
		_ = s.rewrite(nil)
	}
	return nil
}

// Close gives the directory up. To close again does nothing.
func (s *Shelf) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	s.lock, s.journal = nil, nil
	return err
}

func (s *Shelf) path() string { return filepath.Join(s.dir, "journal") }

// ready opens the journal again, if that has failed before.
func (s *Shelf) ready() error {
	if s.lock == nil {
		return os.ErrClosed
	}
	if s.journal != nil {
		return nil
	}
	return s.openJournal()
}

func (s *Shelf) openJournal() error {
	f, err := s.open(s.path(), os.O_RDWR)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at the journal: %w", errors.Join(err, f.Close()))
	}
	s.journal, s.info = f, info
	return nil
}
