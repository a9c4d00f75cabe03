package shelf

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/tuttisync/tutti/internal/lockfile"
)

const (
	// least is how long a journal is, in bytes, before it is written anew.
	least = 1 << 20
	// mostFramed is about how many bytes of rows are put into one frame of a new one.
	mostFramed = 1 << 20
)

// size is about what a row takes in a journal.
func size(key string, length int) int64 { return int64(len(key)+length) + 8 }

// add puts changes behind the end.
func (s *Shelf) add(changes []Change) error {
	b, places := frame(nil, changes)
	if _, err := s.journal.WriteAt(b, s.end); err != nil {
		// What is there of it is no whole frame. It must not stay in front of one.
		s.broken = s.journal.Truncate(s.end) != nil
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := s.journal.Sync(); err != nil {
		s.broken = true // whether it is there is not known, nor told again
		return fmt.Errorf("sync the journal: %w", err)
	}
	for i, c := range changes {
		s.put(c.Key, place{s.end + places[i], len(c.Value)}, c.Value == nil)
	}
	s.end += int64(len(b))
	return nil
}

// rewrite makes a new journal of the rows that there are, with changes, and puts it
// in the place of the old one. If that fails the old one stays, and the changes are
// not made.
func (s *Shelf) rewrite(changes []Change) error {
	path := s.path() + ".new"
	f, rows, end, err := s.writeNew(path, changes)
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("write a new journal: %w", err)
	}
	if s.damaged {
		_ = os.Link(s.path(), s.path()+".damaged") // as good as it can be had
	}
	if err := s.replace(path, f); err != nil {
		return fmt.Errorf("put a new journal in place: %w", err)
	}
	s.rows, s.end, s.live, s.broken = rows, end, 0, false
	for key, p := range rows {
		s.live += size(key, p.length)
	}
	if err := lockfile.SyncDirectory(filepath.Dir(path)); err != nil {
		s.broken = true
		return fmt.Errorf("sync the directory: %w", err)
	}
	return nil
}

// replace renames a new journal to be the journal, which is closed then. The new
// one stays open: if it is lost, nobody can open it again. If that fails the old one
// stays.
func (s *Shelf) replace(path string, f file) error {
	old := s.journal
	err := os.Rename(path, s.path())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.Join(err, f.Close())
	case old != nil:
		_ = old.Close()
	}
	if s.journal = f; err == nil {
		s.info, err = f.Stat()
		return err
	}
	// Where a file that is open cannot be renamed, neither of them is any more.
	s.journal = nil
	_ = f.Close()
	err = os.Rename(path, s.path())
	return errors.Join(err, s.openJournal())
}

// writeNew writes a journal of the rows that there are, with changes. It returns
// the file, where they are in it, and its end.
func (s *Shelf) writeNew(path string, changes []Change) (_ file, rows map[string]place, end int64, err error) {
	f, err := s.open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	w := &writer{file: f, rows: make(map[string]place)}
	changed := make(map[string]bool, len(changes))
	for _, c := range changes {
		changed[c.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		if changed[key] {
			continue
		}
		p := s.rows[key]
		value := make([]byte, p.length)
		if _, err := s.journal.ReadAt(value, p.at); err != nil {
			return nil, nil, 0, err
		}
		if err := w.add(Change{key, value}); err != nil {
			return nil, nil, 0, err
		}
	}
	for _, c := range changes {
		if err := w.add(c); err != nil {
			return nil, nil, 0, err
		}
	}
	if err := w.flush(); err != nil {
		return nil, nil, 0, err
	}
	if err := f.Sync(); err != nil {
		return nil, nil, 0, err
	}
	return f, w.rows, w.end, nil
}

// writer writes rows into a file, some in each frame: which of them are in one does
// not matter, as the file is there whole or not at all.
type writer struct {
	file   file
	rows   map[string]place
	end    int64
	queued []Change
	bytes  int
}

func (w *writer) add(c Change) error {
	w.queued = append(w.queued, c)
	if w.bytes += len(c.Key) + len(c.Value); w.bytes < mostFramed {
		return nil
	}
	return w.flush()
}

func (w *writer) flush() error {
	if len(w.queued) == 0 {
		return nil
	}
	b, places := frame(nil, w.queued)
	if _, err := w.file.WriteAt(b, w.end); err != nil {
		return err
	}
	for i, c := range w.queued {
		delete(w.rows, c.Key)
		if c.Value != nil {
			w.rows[c.Key] = place{w.end + places[i], len(c.Value)}
		}
	}
	w.end += int64(len(b))
	w.queued, w.bytes = nil, 0
	return nil
}
