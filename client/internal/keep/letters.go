package keep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/internal/shelf"
	"github.com/tuttisync/tutti/protocol"
)

// mostLetters is how many dead letters are kept of a user (rule OUT-7).
const mostLetters = 1000

// Letter is a dead letter: an entry of a former life that has no effect, and nobody
// was there to be told (rule OUT-7).
type Letter struct {
	ID               string
	Topic, Name, Key string
	Doc              string // of an operation: the type of the document
	Data             jsontext.Value
	Made             int64 // milliseconds since 1970
	Err              *protocol.Error
}

// Letters are the dead letters, in the order in which they were made.
func (k *Keeper) Letters() []Letter {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]Letter, 0, len(k.letters))
	for _, l := range k.letters {
		l.Data = slices.Clone(l.Data)
		all = append(all, l)
	}
	slices.SortFunc(all, byAge)
	return all
}

// byAge compares by when letters were made; those of one client end with numbers of
// as many digits.
func byAge(a, b Letter) int { return cmp.Or(cmp.Compare(a.Made, b.Made), cmp.Compare(a.ID, b.ID)) }

// Letter returns a dead letter, if there is one of that id.
func (k *Keeper) Letter(id string) (Letter, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, ok := k.letters[id]
	return l, ok
}

// Discard takes a dead letter away, if there is one.
func (k *Keeper) Discard(id string) {
	k.step(0, func() {
		if _, ok := k.letters[id]; ok {
			delete(k.letters, id)
			k.changes[deadKeys+id] = nil
			k.altered = true
		}
	})
}

// handOver says that another keeper has the dead letters.
func (k *Keeper) handOver() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.letters)
}

// Dead says that operations have no effect, for this reason. Those of a former life
// become dead letters.
func (k *Keeper) Dead(keys []uint64, err *protocol.Error) {
	k.step(0, func() {
		for _, key := range keys {
			if e := k.entries[key]; e != nil && e.former {
				k.bury(key, err)
			}
		}
	})
}

// bury makes a dead letter of an entry.
func (k *Keeper) bury(key uint64, err *protocol.Error) {
	e := k.entries[key]
	row := deadRow{
		Topic: e.entry.Topic, Name: e.entry.Name, EntryKey: e.entry.EntryKey, Doc: e.entry.Doc, Made: e.entry.Made,
		Error: &protocol.Error{Code: err.Code, Message: err.Message},
	}
	id := fmt.Sprintf("%s-%016d", k.name, e.row)
	k.letters[id] = letterOf(id, row, e.data)
	k.changes[deadKeys+id] = appendRow(row, e.data)
	k.remove(key)
	k.trimLetters()
}

// trimLetters gives up the oldest of too many letters (rule OUT-7).
func (k *Keeper) trimLetters() {
	for len(k.letters) > mostLetters {
		oldest := slices.MinFunc(slices.Collect(maps.Values(k.letters)), byAge)
		delete(k.letters, oldest.ID)
		k.changes[deadKeys+oldest.ID] = nil
		k.report(protocol.Errorf(protocol.QueueFull, "There are too many dead letters: the oldest is given up."))
	}
}

// takeLetter takes over a letter that is stored.
func (k *Keeper) takeLetter(r shelf.Row) {
	row, data, err := readRow(r.Value, (*deadRow).fits)
	if err != nil {
		k.report(fmt.Errorf("read a dead letter: %w", err))
		return
	}
	id := r.Key[len(deadKeys):]
	k.letters[id] = letterOf(id, row, data)
	k.altered = true
}

func letterOf(id string, row deadRow, data []byte) Letter {
	return Letter{id, row.Topic, row.Name, row.EntryKey, row.Doc, data, row.Made, row.Error}
}
