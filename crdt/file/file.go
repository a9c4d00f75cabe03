// Package file keeps a replica of package crdt in a file, under a lock that
// keeps its replica id from living twice.
//
//	counter := crdt.NewGCounter()
//	kept, err := file.Open("visits.json", counter)
//	…
//	delta, err := counter.Increment(1)
//	err = kept.Save()  // before the delta is sent
//	…
//	err = kept.Close()
//
// Save before you send what you changed. If the process dies in between, the
// others know more of the replica than it does itself when it is opened again;
// joining that is the error replica_reused, and Renew the way on. Nothing is lost
// then, but an id more is in the state. The same happens with a file that was
// restored from a backup.
//
// The file holds the payload and nothing else. Who finds it locked can still take
// the state over under its own fresh id: read the file, and apply what is in it.
//
// Beside the file stand path.lock, which stays, and path.tmp while it is written.
package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/internal/lockfile"
)

// ErrLocked is what Open fails with while another File, of this process or of
// another one, has the path open.
var ErrLocked = errors.New("the replica is open elsewhere")

// Replica is an instance of any type of package crdt.
type Replica interface {
	Payload() jsontext.Value
	Resume(p jsontext.Value) error
	Renew()
}

// File is where a replica is kept. It is not safe for concurrent use, with the
// replica neither. Make one with [Open].
type File struct {
	path    string
	replica Replica
	lock    *os.File // nil once closed
	rename  func(from, to string) error
}

// Open locks the path and makes the replica go on from the state in the file,
// under the replica id in it. Without a file the replica stays as it is, and the
// first Save makes one. The error is ErrLocked, an error of the file system, or a
// *crdt.Error if the file holds no payload of this type.
func Open(path string, replica Replica) (*File, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("open replica: %w", err)
	}
	lock, err := lockfile.Acquire(path + ".lock")
	if errors.Is(err, lockfile.ErrLocked) {
		err = ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock replica %s: %w", path, err)
	}
	f := &File{path: path, replica: replica, lock: lock, rename: os.Rename}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, f.unlock())
	}
	return f, nil
}

// resolve returns the one path of a file that may be reached by several, so that
// all of them have the same lock.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, os.ErrNotExist) {
		return real, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

func (f *File) load() error {
	payload, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read replica: %w", err)
	}
	if err := f.replica.Resume(payload); err != nil {
		return fmt.Errorf("resume replica %s: %w", f.path, err)
	}
	return nil
}

// Save writes the state durably: when it returns nil, the state is there after a
// crash, and when it does not, this state or the former is.
func (f *File) Save() error {
	if f.lock == nil {
		return fmt.Errorf("save replica %s: %w", f.path, os.ErrClosed)
	}
	temporary := f.path + ".tmp"
	if err := write(temporary, f.replica.Payload()); err != nil {
		return fmt.Errorf("save replica: %w", err)
	}
	if err := f.rename(temporary, f.path); err != nil {
		return fmt.Errorf("save replica: %w", err)
	}
	if err := lockfile.SyncDirectory(filepath.Dir(f.path)); err != nil {
		return fmt.Errorf("save replica: %w", err)
	}
	return nil
}

func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Close saves the state and gives the lock up. The replica lives on under a
// fresh id, and is kept no longer. To close again does nothing.
func (f *File) Close() error {
	if f.lock == nil {
		return nil
	}
	err := f.Save()
	f.replica.Renew()
	return errors.Join(err, f.unlock())
}

func (f *File) unlock() error {
	err := f.lock.Close()
	f.lock = nil
	if err != nil {
		return fmt.Errorf("unlock replica: %w", err)
	}
	return nil
}
