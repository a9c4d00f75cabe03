package keep

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// What is added to a snapshot before a new one is due (rule COPY-3), and what is kept
// of a user (rule COPY-4).
const (
	mostEntries = 256
	leastBytes  = 64 << 10
	mostCopies  = 100
	mostBytes   = 64 << 20
)

// Copy is the copy of one document, for one that uses it.
type Copy struct {
	Stored *Stored // what was stored when it was loaded, for whoever loaded it; nil: nothing

	// What follows is guarded by the keeper's mu.
	keeper    *Keeper
	topic     string
	doc       string
	offline   bool
	tail      []uint64 // the offsets of the entries that are stored behind the snapshot
	tailBytes int
	bytes     int // of the snapshot
}

// Stored is a document, and the entries behind it.
type Stored struct {
	Position protocol.Position
	Cells    jsontext.Value
	Entries  []*protocol.Entry // the next ones, without a gap
}

// Load returns the copy of a document with what is stored of it. offline: the
// application wants it to be kept.
func (k *Keeper) Load(topic, doc string, offline bool) (c *Copy) {
	k.step(0, func() { c = k.load(topic, doc, offline) })
	return c
}

// Replace returns a copy of a document in the place of what may be stored of it.
// What the application wanted to be kept before stays so.
func (k *Keeper) Replace(topic, doc string, offline bool) (c *Copy) {
	k.step(0, func() {
		c = &Copy{keeper: k, topic: topic, doc: doc, offline: offline || k.index[topic].Offline}
		k.open[topic] = c
		k.eraseRows(topic)
	})
	return c
}

// Reset erases what is stored, which cannot be read.
func (c *Copy) Reset() {
	k := c.keeper
	k.step(0, func() {
		if k.open[c.topic] == c {
			c.tail, c.tailBytes, c.bytes = nil, 0, 0
			k.eraseRows(c.topic)
		}
	})
}

func (k *Keeper) load(topic, doc string, offline bool) *Copy {
	c := &Copy{keeper: k, topic: topic, doc: doc, offline: offline}
	if err := c.read(); err != nil {
		k.report(fmt.Errorf("read the document %.80q: %w", topic, err))
		c.Stored, c.tail, c.tailBytes, c.bytes = nil, nil, 0, 0
		k.eraseRows(topic)
	}
	k.open[topic] = c
	if c.Stored != nil {
		k.note(topic, indexRow{Bytes: c.bytes, Used: k.now(), Offline: offline})
	}
	return c
}

// read reads what is stored.
func (c *Copy) read() error {
	k := c.keeper
	rows, err := k.saver.read(copyKeys + c.topic)
	if err != nil || len(rows) == 0 || rows[0].Key != copyKeys+c.topic {
		return err
	}
	var row copyRow
	cells, err := readRow(rows[0].Value, &row)
	if err != nil || row.Doc != c.doc || !jsontext.Value(cells).IsValid() {
		return errRow
	}
	tail, err := k.saver.read(tailPrefix(c.topic))
	if err != nil {
		return err
	}
	stored := &Stored{Position: protocol.Position{Offset: row.Offset, Term: row.Term}, Cells: cells}
	for _, r := range tail {
		e, err := protocol.ParseEntry(r.Value)
		if err != nil || e.Offset != row.Offset+uint64(len(stored.Entries))+1 {
			return errRow
		}
		stored.Entries = append(stored.Entries, &e)
		c.tail = append(c.tail, e.Offset)
		c.tailBytes += len(e.Data)
	}
	c.Stored, c.bytes = stored, len(cells)
	return nil
}

// Keep says that the application wants it to be kept.
func (c *Copy) Keep() {
	k := c.keeper
	k.step(0, func() {
		if row, ok := k.index[c.topic]; ok && k.open[c.topic] == c && !c.offline {
			row.Offline = true
			k.note(c.topic, row)
		}
		c.offline = true
	})
}

// Snapshot puts a document in the place of what is stored, and takes operations that
// it holds out of the outbox.
func (c *Copy) Snapshot(at protocol.Position, cells jsontext.Value, confirmed []uint64) {
	k := c.keeper
	k.step(0, func() {
		if k.open[c.topic] != c {
			return
		}
		for _, offset := range c.tail {
			k.changes[tailKey(c.topic, offset)] = nil
		}
		c.tail, c.tailBytes, c.bytes = nil, 0, len(cells)
		k.changes[copyKeys+c.topic] = appendRow(copyRow{Doc: c.doc, Offset: at.Offset, Term: at.Term}, cells)
		k.note(c.topic, indexRow{Bytes: c.bytes, Used: k.now(), Offline: c.offline})
		for _, key := range confirmed {
			k.confirm(key)
		}
		k.evict()
	})
}

// Entries adds the next entries, likewise.
func (c *Copy) Entries(entries []*protocol.Entry, confirmed []uint64) {
	k := c.keeper
	k.step(0, func() {
		if k.open[c.topic] != c {
			return
		}
		for _, e := range entries {
			k.changes[tailKey(c.topic, e.Offset)] = protocol.AppendEntry(nil, e)
			c.tail = append(c.tail, e.Offset)
			c.tailBytes += len(e.Data)
		}
		for _, key := range confirmed {
			k.confirm(key)
		}
	})
}

// Long says that so much was added that a snapshot is due.
func (c *Copy) Long() bool {
	c.keeper.mu.Lock()
	defer c.keeper.mu.Unlock()
	return len(c.tail) > mostEntries || c.tailBytes > max(c.bytes, leastBytes)
}

// Close ends its use.
func (c *Copy) Close() {
	k := c.keeper
	k.step(0, func() {
		if k.open[c.topic] != c {
			return
		}
		delete(k.open, c.topic)
		if !c.offline && !k.waits(c.topic) { // it was kept for what has now arrived
			k.eraseRows(c.topic)
		}
	})
}

// readCopies reads which documents are stored.
func (k *Keeper) readCopies() error {
	index, err := k.store.Read(indexKeys)
	if err != nil {
		return err
	}
	for _, r := range index {
		var row indexRow
		topic := r.Key[len(indexKeys):]
		_, err := readRow(r.Value, &row)
		k.index[topic] = row
		if err != nil || !row.Offline && !k.waits(topic) {
			k.eraseRows(topic)
		}
	}
	return nil
}

// note says that a document is stored.
func (k *Keeper) note(topic string, row indexRow) {
	k.index[topic] = row
	k.changes[indexKeys+topic] = appendRow(row, nil)
}

// eraseRows erases what is stored of a document.
func (k *Keeper) eraseRows(topic string) {
	tail, err := k.saver.read(tailPrefix(topic))
	if err != nil {
		k.report(fmt.Errorf("read the document %.80q: %w", topic, err))
	}
	for _, r := range tail {
		k.changes[r.Key] = nil
	}
	if _, ok := k.index[topic]; ok {
		delete(k.index, topic)
		k.changes[indexKeys+topic], k.changes[copyKeys+topic] = nil, nil
	}
}

// evict erases what was opened least recently, while there is too much: but none that
// is open or has unsettled operations.
func (k *Keeper) evict() {
	sum := 0
	for _, row := range k.index {
		sum += row.Bytes
	}
	if len(k.index) <= mostCopies && sum <= mostBytes {
		return
	}
	var idle []string
	for topic := range k.index {
		if k.open[topic] == nil && !k.waits(topic) {
			idle = append(idle, topic)
		}
	}
	slices.SortFunc(idle, func(a, b string) int {
		return cmp.Or(cmp.Compare(k.index[a].Used, k.index[b].Used), cmp.Compare(a, b))
	})
	for _, topic := range idle {
		if len(k.index) <= mostCopies && sum <= mostBytes {
			return
		}
		sum -= k.index[topic].Bytes
		k.eraseRows(topic)
	}
}
