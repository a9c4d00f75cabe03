package keep

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
)

// Keeper keeps what one client has not settled, and documents.
type Keeper struct {
	options Options
	name    string  // of the client's directory
	parent  *Keeper // of a client beside: what takes over what it leaves
	store   Store
	saver   *saver

	mu        sync.Mutex // guards what follows
	entries   map[uint64]*kept
	last      uint64                  // the latest number of an entry's row
	confirmed map[uint64]bool         // operations that the stored document holds, and the core does not know to be settled
	ends      map[uint64]core.Settled // how those ended that are about to leave the core's queue
	letters   map[string]Letter
	index     map[string]indexRow
	open      map[string]*Copy
	foreign   map[string]bool   // topics whose documents the client does not have
	changes   map[string][]byte // of this step; nil: to be taken away
	reports   []error           // of this step
	altered   bool              // in this step the outbox has changed, or the letters

	closing sync.Once
}

// kept is an unsettled entry.
type kept struct {
	row    uint64
	entry  entryRow
	data   jsontext.Value
	former bool // a former life made it
}

// newKeeper goes on as a client. If it fails the caller has the store.
func newKeeper(o Options, d Dead, parent *Keeper) (*Keeper, *Life, error) {
	k := &Keeper{
		options: o, name: d.name, parent: parent, store: d.store,
		entries: make(map[uint64]*kept), confirmed: make(map[uint64]bool), ends: make(map[uint64]core.Settled),
		letters: make(map[string]Letter), index: make(map[string]indexRow), open: make(map[string]*Copy), foreign: make(map[string]bool),
		changes: make(map[string][]byte),
	}
	k.saver = newSaver(d.store, saverHost{stored: o.Stored, failed: k.failed, unstored: o.Unstored})
	life, err := k.revive()
	if err != nil {
		k.saver.close(false)
		return nil, nil, fmt.Errorf("read what is kept: %w", err)
	}
	return k, life, nil
}

// failed is told of writes that have failed.
func (k *Keeper) failed(err error) {
	if errors.Is(err, shelf.ErrGone) {
		k.options.Erased()
		return
	}
	k.options.Report(fmt.Errorf("store what is kept: %w", err))
}

// step makes a step under mu. All that it changes is stored with one write. It may be
// that of a batch of the core's.
func (k *Keeper) step(batch uint64, f func()) {
	k.mu.Lock()
	f()
	if len(k.changes) > 0 || batch > 0 {
		k.saver.put(k.changes, batch)
		k.changes = make(map[string][]byte)
	}
	reports, altered := k.reports, k.altered
	k.reports, k.altered = nil, false
	k.mu.Unlock()
	for _, err := range reports {
		k.options.Report(err)
	}
	if altered {
		k.options.Changed()
	}
}

func (k *Keeper) report(err error) { k.reports = append(k.reports, err) }

// Durable says whether all that is not settled is stored, or on its way.
func (k *Keeper) Durable() bool { return k.saver.isDurable() }

// Foreign says that the client has no document on a topic: what is on it waits for a
// client that has.
func (k *Keeper) Foreign(topic string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.foreign[topic] = true
}

// Idle says whether there is nothing that this client can settle.
func (k *Keeper) Idle() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.entries {
		if !k.foreign[e.entry.Topic] {
			return false
		}
	}
	return true
}

// Keep stores what the core wants to be stored. kind tells the type of the document
// of an operation.
func (k *Keeper) Keep(e core.Keep, kind func(key uint64) string) {
	k.step(e.Batch, func() {
		if e.Client != nil {
			k.changes[clientKey] = appendRow(e.Client, nil)
		}
		for topic, row := range e.Topics {
			k.changes[topicKeys+topic] = appendRow(row, nil)
		}
		for _, entry := range e.Entries {
			if !k.confirmed[entry.Key] {
				k.put(entry, kind)
			}
		}
		for _, key := range e.Gone {
			k.leave(key)
		}
	})
}

func (k *Keeper) put(e core.KeptEntry, kind func(key uint64) string) {
	row := rowOf(e)
	row.Version = k.options.Version
	known := k.entries[e.Key]
	if known == nil {
		k.last++
		known = &kept{row: k.last, entry: entryRow{Made: k.now()}}
		if e.Base != nil {
			known.entry.Doc = kind(e.Key)
		}
		k.entries[e.Key] = known
	}
	row.Doc, row.Made = known.entry.Doc, known.entry.Made
	known.entry, known.data = row, e.Data
	k.write(known)
}

func (k *Keeper) now() int64 { return k.options.Now().UnixMilli() }

// write stores an unsettled entry.
func (k *Keeper) write(e *kept) {
	k.changes[entryKey(e.row)] = appendRow(e.entry, e.data)
	k.altered = true
}

// Settled says how an entry has ended that is about to leave the core's queue.
func (k *Keeper) Settled(e core.Settled) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entries[e.Key] != nil {
		k.ends[e.Key] = e
	}
}

// leave is told that an entry has left the core's queue.
func (k *Keeper) leave(key uint64) {
	end, ended := k.ends[key]
	delete(k.ends, key)
	delete(k.confirmed, key)
	known := k.entries[key]
	switch {
	case known == nil:
	case ended && end.Err != nil && end.Err.Code != protocol.Aborted && known.former:
		k.bury(key, end.Err)
	case ended && end.Err == nil && known.entry.Doc != "" && k.open[known.entry.Topic] != nil:
		known.entry.Place = &end.Position
		k.write(known)
	default:
		k.remove(key)
	}
}

// confirm says that the stored document holds an operation.
func (k *Keeper) confirm(key uint64) {
	known := k.entries[key]
	if known == nil {
		return
	}
	if known.entry.Place == nil {
		k.confirmed[key] = true
	}
	k.remove(key)
}

func (k *Keeper) remove(key uint64) {
	k.changes[entryKey(k.entries[key].row)] = nil
	delete(k.entries, key)
	k.altered = true
}

// waits says whether there are unsettled operations on a topic.
func (k *Keeper) waits(topic string) bool {
	for _, e := range k.entries {
		if e.entry.Topic == topic {
			return true
		}
	}
	return false
}

// Entry is an entry that is not settled.
type Entry struct {
	Topic, Name, Doc string
	Data             jsontext.Value
	Made             int64 // milliseconds since 1970
	Sent             bool  // it may have been
}

// Entries are those that are not settled, in the order in which they were made.
func (k *Keeper) Entries() []Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []Entry
	for _, key := range k.keys() {
		if e := k.entries[key]; e.entry.Place == nil {
			all = append(all, Entry{e.entry.Topic, e.entry.Name, e.entry.Doc, slices.Clone(e.data), e.entry.Made, e.entry.Seq > 0})
		}
	}
	return all
}

// keys are those of the unsettled entries, in the order in which they were made.
func (k *Keeper) keys() []uint64 {
	return slices.SortedFunc(maps.Keys(k.entries), func(a, b uint64) int {
		return cmp.Compare(k.entries[a].row, k.entries[b].row)
	})
}

// Close ends it, when all is stored. To close again does nothing.
func (k *Keeper) Close() (err error) {
	k.closing.Do(func() {
		err = k.saver.close(true)
		if k.parent != nil && err == nil && !k.store.Gone() {
			entries, unread := k.parent.adopt(k.store)
			k.handOver()
			if !entries && unread == nil {
				k.parent.erase(k.store)
				return
			}
		}
		err = errors.Join(err, k.store.Close())
	})
	return err
}

// Forget ends it, and erases all that is kept of the user on the server.
func (k *Keeper) Forget() error {
	k.closing.Do(func() { _ = errors.Join(k.saver.close(false), k.store.Close()) })
	scope := k.options.scope()
	clients, err := os.ReadDir(scope)
	for _, c := range clients {
		err = errors.Join(err, shelf.Erase(filepath.Join(scope, c.Name())))
	}
	if err = errors.Join(err, os.RemoveAll(scope)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("erase what is kept: %w", err)
	}
	return nil
}
