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

// Begin goes on as the dead client of the user that was used last and can be read, or
// as a new one.
func Begin(o Options) (k *Keeper, life *Life, err error) {
	scope := o.scope()
	if err := os.MkdirAll(scope, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the directory: %w", err)
	}
	found, err := o.dead(scope)
	if err != nil {
		return nil, nil, err
	}
	var passed []Dead
	for ; k == nil && len(found) > 0; found = found[1:] {
		if k, life, err = newKeeper(o, found[0], nil); err != nil {
			o.Report(err)
			passed = append(passed, found[0])
		}
	}
	if k == nil {
		k, life, err = beginNew(o, scope)
	}
	for _, d := range passed {
		if err == nil {
			_, _ = k.adopt(d.store) // what cannot be read was told
		}
		_ = d.store.Close()
	}
	for _, d := range found {
		switch entries, err := k.adopt(d.store); {
		case entries:
			life.Others = append(life.Others, d)
		case err != nil:
			o.Report(fmt.Errorf("read what a client has left: %w", err))
			_ = d.store.Close()
		default:
			k.erase(d.store)
		}
	}
	return k, life, err
}

func beginNew(o Options, scope string) (*Keeper, *Life, error) {
	name := rand.Text()
	store, err := o.Open(filepath.Join(scope, name))
	if err != nil {
		return nil, nil, err
	}
	return begin(o, Dead{name, store}, nil)
}

// Beside goes on as a dead client, to send what it has left.
func (k *Keeper) Beside(o Options, d Dead) (*Keeper, *Life, error) { return begin(o, d, k) }

// begin goes on as a client, whose directory is given up if that fails.
func begin(o Options, d Dead, parent *Keeper) (*Keeper, *Life, error) {
	k, life, err := newKeeper(o, d, parent)
	if err != nil {
		return nil, nil, errors.Join(err, d.store.Close())
	}
	return k, life, nil
}

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

// adopt takes over letters, and documents that are not kept here. It reports whether
// the other has entries that are not settled, and what of it cannot be read, and stays
// there.
func (k *Keeper) adopt(other Store) (entries bool, err error) {
	_, err = readIdentity(other)
	letters, failed := other.Read(deadKeys)
	index, unlisted := other.Read(indexKeys)
	left, unread := other.Read(entryKeys)
	err = errors.Join(err, failed, unlisted, unread)
	k.step(0, func() {
		for _, r := range letters {
			k.changes[r.Key] = r.Value
			k.takeLetter(r)
		}
		k.trimLetters()
		for _, r := range index {
			err = errors.Join(err, k.adoptCopy(other, r))
		}
	})
	return len(left) > 0, errors.Join(err, k.takeAway(letters, other))
}

// takeAway erases letters that were taken over where they were, once they are stored
// here, so that one that is discarded does not come back.
func (k *Keeper) takeAway(letters []shelf.Row, other Store) error {
	if len(letters) == 0 || k.saver.flush() != nil {
		return nil // a later life takes them over
	}
	var changes []shelf.Change
	for _, r := range letters {
		changes = append(changes, shelf.Change{Key: r.Key})
	}
	return other.Write(changes)
}

// adoptCopy takes over a document that the application wants to be kept.
func (k *Keeper) adoptCopy(other Store, r shelf.Row) error {
	topic, row, err := readIndex(r)
	if err != nil || !row.Offline {
		return err
	}
	if _, known := k.index[topic]; known || k.open[topic] != nil {
		k.stay(topic)
		return nil
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
