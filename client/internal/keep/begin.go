package keep

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
)

// Store keeps rows; a *[shelf.Shelf] is one.
type Store interface {
	Read(prefix string) ([]shelf.Row, error)
	Write(changes []shelf.Change) error
	Damaged() bool
	Gone() bool
	Remove() error
	Close() error
}

// Options are what a keeper needs of its client. Its functions are called without
// a lock held, and do not block, but for Unstored.
type Options struct {
	Dir     string
	Server  string // its address
	User    string
	Version int // of the application's schema
	// Migrate carries an entry of another version over, or returns false.
	Migrate func(OldEntry) (OldEntry, bool)
	Open    func(dir string) (Store, error)
	Now     func() time.Time
	Reserve func() uint64 // a number by which the core is to know an entry
	Report  func(error)
	Stored  func(batch uint64) // all up to this batch of the core's is stored
	// Unstored is called when a write has failed, of what the core wanted stored too. It
	// returns when the core knows; until then nothing is being stored.
	Unstored func()
	Changed  func() // the outbox, or what became dead letters
	Erased   func() // what is kept was erased by another
}

// OldEntry is an entry as an application of another version made it.
type OldEntry struct {
	Topic   string
	Name    string
	Data    jsontext.Value
	Version int
}

// Life is what a client goes on with.
type Life struct {
	Restore   core.Restore
	Documents []Left // that there are unsettled operations of
	Others    []Dead // clients that have left something
}

// Left is what a former life has left of a document.
type Left struct {
	Topic      string
	Doc        string // the type
	Operations []Operation
	Copy       *Copy
}

// Operation is one that was not settled.
type Operation struct {
	Key   uint64 // by which the core knows it
	Base  uint64
	Data  jsontext.Value
	Seq   uint64             // 0: it was given none
	Place *protocol.Position // not nil: it was acknowledged, and the core does not have it
}

// Dead is a dead client, whose directory is held.
type Dead struct {
	name  string
	store Store
}

// scope is the directory of a server and a user.
func (o *Options) scope() string {
	sum := sha256.Sum256([]byte(o.Server + "\x00" + o.User))
	return filepath.Join(o.Dir, base64.RawURLEncoding.EncodeToString(sum[:])[:22])
}

// Begin goes on as the dead client of the user that was used last, or as a new one.
func Begin(o Options) (*Keeper, *Life, error) {
	scope := o.scope()
	if err := os.MkdirAll(scope, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the directory: %w", err)
	}
	found, err := o.dead(scope)
	if err != nil {
		return nil, nil, err
	}
	if len(found) == 0 {
		name := rand.Text()
		store, err := o.Open(filepath.Join(scope, name))
		if err != nil {
			return nil, nil, err
		}
		found = []Dead{{name, store}}
	}
	k, life, err := newKeeper(o, found[0], nil)
	for _, d := range found[1:] {
		switch {
		case err != nil:
			_ = d.store.Close()
		case k.adopt(d.store):
			life.Others = append(life.Others, d)
		default:
			k.erase(d.store)
		}
	}
	return k, life, err
}

// Beside goes on as a dead client, to send what it has left.
func (k *Keeper) Beside(o Options, d Dead) (*Keeper, *Life, error) { return newKeeper(o, d, k) }

// dead takes all clients that nobody uses, the one that was used last first.
func (o *Options) dead(scope string) ([]Dead, error) {
	entries, err := os.ReadDir(scope)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	used := make(map[string]time.Time)
	var names []string
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(scope, e.Name(), "journal"))
		if err != nil {
			continue // no client, or one that stored nothing
		}
		names, used[e.Name()] = append(names, e.Name()), info.ModTime()
	}
	slices.SortFunc(names, func(a, b string) int { return used[b].Compare(used[a]) })
	var found []Dead
	for _, name := range names {
		store, err := o.Open(filepath.Join(scope, name))
		switch {
		case errors.Is(err, shelf.ErrLocked):
		case err != nil:
			o.Report(fmt.Errorf("open what is kept of a client: %w", err))
		default:
			found = append(found, Dead{name, store})
		}
	}
	return found, nil
}

// adopt takes over letters, and documents that are not kept here. It reports
// whether the other has something left to be sent.
func (k *Keeper) adopt(other Store) (left bool) {
	letters, err := other.Read(deadKeys)
	index, failed := other.Read(indexKeys)
	entries, unread := other.Read(entryKeys)
	if err := errors.Join(err, failed, unread); err != nil {
		k.options.Report(fmt.Errorf("read what a client has left: %w", err))
		return true // which a later life may read
	}
	k.step(0, func() {
		for _, r := range letters {
			k.changes[r.Key] = r.Value
			k.takeLetter(r)
		}
		for _, r := range index {
			if err := k.adoptCopy(other, r); err != nil {
				k.report(fmt.Errorf("read a document: %w", err))
			}
		}
	})
	return len(entries) > 0
}

// adoptCopy takes over a document that the application wants to be kept.
func (k *Keeper) adoptCopy(other Store, r shelf.Row) error {
	topic := r.Key[len(indexKeys):]
	var row indexRow
	_, known := k.index[topic]
	if _, err := readRow(r.Value, &row); err != nil || known || !row.Offline {
		return err
	}
	copied, err := other.Read(copyKeys + topic)
	if err != nil || len(copied) == 0 || copied[0].Key != copyKeys+topic {
		return err
	}
	tail, err := other.Read(tailPrefix(topic))
	if err != nil {
		return err
	}
	for _, r := range append(copied[:1], tail...) {
		k.changes[r.Key] = r.Value
	}
	k.note(topic, row)
	return nil
}

// erase ends a dead client of which nothing is left, once what was taken over is
// stored.
func (k *Keeper) erase(other Store) {
	if k.saver.flush() != nil {
		_ = other.Close() // a later life finds it again
		return
	}
	if err := other.Remove(); err != nil {
		k.options.Report(err)
	}
}
