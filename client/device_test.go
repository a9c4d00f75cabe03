package client_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/client/internal/shelf"
)

// device is a machine: what clients on it keep outlives them, and each can be killed
// at any moment.
type device struct {
	*network
	t   *testing.T
	dir string

	mu     sync.Mutex // guards what follows
	full   bool
	held   chan struct{} // writes wait until it is closed; nil: they do not
	errors []error
}

func newDevice(t *testing.T, handler http.Handler) *device {
	return &device{network: newNetwork(t, handler), t: t, dir: t.TempDir()}
}

func (d *device) offline(is bool) {
	if !is {
		d.set("", everyRoad...)
		return
	}
	d.set(refuse, everyRoad...)
	d.cut()
}

// fill makes the disk full, or gives it room.
func (d *device) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// hold lets writes wait until what it returns is called.
func (d *device) hold() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	held := make(chan struct{})
	d.held = held
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held = nil
		close(held)
	}
}

// failed are the errors that clients were told.
func (d *device) failed() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.errors
}

// life is one life of a client.
type life struct {
	*client.Client
	mu     sync.Mutex // guards what follows
	stores []*mortal
	dead   bool
}

// mortal is a store that ends with its life.
type mortal struct {
	keep.Store
	device *device
	life   *life
}

func (m *mortal) Write(changes []shelf.Change) error {
	m.device.mu.Lock()
	full, held := m.device.full, m.device.held
	m.device.mu.Unlock()
	if held != nil {
		<-held
	}
	m.life.mu.Lock()
	defer m.life.mu.Unlock()
	switch {
	case m.life.dead:
		return os.ErrClosed
	case full:
		return syscall.ENOSPC
	}
	return m.Store.Write(changes)
}

func (m *mortal) Remove() error {
	m.life.mu.Lock()
	defer m.life.mu.Unlock()
	if m.life.dead {
		return os.ErrClosed
	}
	return m.Store.Remove()
}

// start begins a life.
func (d *device) start(options client.Options) *life {
	d.t.Helper()
	l := &life{}
	options.Dir = d.dir
	options.OnError = func(err error) {
		l.mu.Lock()
		dead := l.dead
		l.mu.Unlock()
		d.mu.Lock()
		defer d.mu.Unlock()
		if !dead {
			d.errors = append(d.errors, err)
		}
	}
	l.Client = d.connect(d.t, options.OnDisk(func(dir string) (keep.Store, error) {
		s, err := shelf.Open(dir)
		if err != nil {
			return nil, err
		}
		m := &mortal{s, d, l}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.stores = append(l.stores, m)
		return m, nil
	}))
	return l
}

// kill ends the life at once, as that of a process that is killed.
func (l *life) kill() {
	l.mu.Lock()
	l.dead = true
	var err error
	for _, m := range l.stores {
		err = errors.Join(err, m.Store.Close())
	}
	l.mu.Unlock()
	l.Close()
	if err != nil {
		panic(err)
	}
}

// journals are the files of clients.
func (d *device) journals() []string {
	d.t.Helper()
	journals, err := filepath.Glob(filepath.Join(d.dir, "*", "*", "journal"))
	if err != nil {
		d.t.Fatal(err)
	}
	return journals
}

// rows are the keys of all that is stored, of clients that nobody uses.
func (d *device) rows(prefix string) (keys []string) {
	d.t.Helper()
	for _, path := range d.journals() {
		for _, r := range d.read(filepath.Dir(path)) {
			if strings.HasPrefix(r.Key, prefix) {
				keys = append(keys, r.Key)
			}
		}
	}
	return keys
}

func (d *device) read(dir string) []shelf.Row {
	d.t.Helper()
	s, err := shelf.Open(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.Read("")
	if err != nil {
		d.t.Fatal(err)
	}
	return rows
}

// spoil changes what is stored of clients that nobody uses.
func (d *device) spoil(change func(r shelf.Row) (value []byte)) {
	d.t.Helper()
	for _, path := range d.journals() {
		var changes []shelf.Change
		for _, r := range d.read(filepath.Dir(path)) {
			changes = append(changes, shelf.Change{Key: r.Key, Value: change(r)})
		}
		s, err := shelf.Open(filepath.Dir(path))
		if err != nil {
			d.t.Fatal(err)
		}
		if err := errors.Join(s.Write(changes), s.Close()); err != nil {
			d.t.Fatal(err)
		}
	}
}

// used says when the clients that have rows of a kind were used last.
func (d *device) used(kind string, at time.Time) {
	d.t.Helper()
	for _, path := range d.journals() {
		if slices.ContainsFunc(d.read(filepath.Dir(path)), func(r shelf.Row) bool { return strings.HasPrefix(r.Key, kind) }) {
			if err := os.Chtimes(path, at, at); err != nil {
				d.t.Fatal(err)
			}
		}
	}
}

// damage spoils the write that has stored some words.
func (d *device) damage(words string) {
	d.t.Helper()
	journals := d.journals()
	if len(journals) != 1 {
		d.t.Fatalf("there are %d journals", len(journals))
	}
	journal, err := os.ReadFile(journals[0])
	if err != nil {
		d.t.Fatal(err)
	}
	at := bytes.Index(journal, []byte(words))
	if at < 0 {
		d.t.Fatalf("%s is not stored", words)
	}
	journal[at] ^= 1
	if err := os.WriteFile(journals[0], journal, 0o600); err != nil {
		d.t.Fatal(err)
	}
}
