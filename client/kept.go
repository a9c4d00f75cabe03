package client

import (
	stdjson "encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
	"github.com/tuttisync/tutti/text"
	"github.com/tuttisync/tutti/text/document"
)

const kindText = "text"

// resumed is what a former life of the client kept of a document.
type resumed struct {
	client     string // its id; empty: it never had one
	stored     *stored
	operations []keep.Operation
}

// stored is a document, and the entries behind it.
type stored keep.Stored

func (s *stored) snapshot(topic string) *protocol.Snapshot {
	return &protocol.Snapshot{Topic: topic, Offset: s.Position.Offset, Term: s.Position.Term, Cells: s.Cells}
}

// end is the position of the newest entry.
func (s *stored) end() protocol.Position {
	if n := len(s.Entries); n > 0 {
		return s.Entries[n-1].Position()
	}
	return s.Position
}

// contentOf makes empty documents of a type; nil: there are none of that.
func contentOf(kind string) func(*replica) content {
	switch kind {
	case counter.Type.Name():
		return newCells(counter.Type)
	case set.Type.Name():
		return newCells(set.Type)
	case records.Type.Name():
		return newCells(records.Type)
	case kindText:
		return newWriting
	}
	return nil
}

// revive goes on with operations of a former life of the client. It is called before
// the client begins.
func (r *replica) revive(client string, left keep.Left) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copy = left.Copy
	k := resumed{client, (*stored)(left.Copy.Stored), left.Operations}
	r.copy.Stored = nil
	unfit, err := r.content.resume(k)
	if err != nil {
		r.fault(err)
		r.copy.Reset()
		k.stored = nil
		r.content = contentOf(r.kind)(r)
		unfit, _ = r.content.resume(k) // of nothing
	}
	for _, o := range left.Operations {
		if o.Place == nil && slices.Contains(unfit, o.Key) {
			r.unseen++
			r.client.operations[o.Key] = &unseen{r, o.Key}
		}
	}
	if k.stored != nil {
		r.position, r.copied = k.stored.end(), true
		r.move(DocumentOpen)
	}
	r.store(nil)
}

// restore makes the mutation of an operation of a former life. It is called under mu.
func (r *replica) restore(o keep.Operation, keys []string) {
	m := &Mutation{replica: r, key: o.Key, keys: keys, done: make(chan struct{}), status: MutationPending}
	switch {
	case o.Place != nil:
		m.status = MutationSent
	case o.Seq > 0:
		m.status = MutationUnconfirmed
	}
	r.mutations[m.key] = m
	if o.Place == nil {
		r.client.operations[m.key] = &sending{r, m}
	}
}

// keep lets the document be kept from now on. What is stored of it is shown, if
// nothing else is yet.
func (r *replica) keep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		return
	}
	switch {
	case r.copy != nil:
		r.copy.Keep()
	case r.status == DocumentOpening:
		r.load()
	default:
		r.copy = r.client.keeper.Replace(r.topic, r.kind, true)
		r.save()
	}
}

// load shows what is stored. It is called under mu.
func (r *replica) load() {
	r.copy = r.client.keeper.Load(r.topic, r.kind, true)
	s := (*stored)(r.copy.Stored)
	r.copy.Stored = nil
	if s == nil {
		return
	}
	if err := r.content.show(s.snapshot(r.topic), true); err != nil {
		r.fault(err)
		r.copy.Reset()
		return
	}
	r.content.fold(s.Entries)
	r.position, r.copied = s.end(), true
	r.move(DocumentOpen)
}

// keepBase lets a text be kept as long as something of it waits, which cannot be read
// without what it was made on (rule COPY-1).
func (r *replica) keepBase() {
	if r.client.keeper == nil || r.kind != kindText {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.copy == nil && !r.ended() {
		r.copy = r.client.keeper.Replace(r.topic, r.kind, false)
		r.save()
	}
}

// store adds entries that were folded to what is stored, and takes what that holds
// out of the outbox. It is called under mu.
func (r *replica) store(entries []*protocol.Entry) {
	held := r.held
	r.held = nil
	if r.copy == nil {
		return
	}
	if !r.copied {
		entries = nil
	}
	if len(entries)+len(held) > 0 {
		r.copy.Entries(entries, held)
	}
	if !r.copied || r.copy.Long() {
		r.save()
	}
}

// storeSnapshot puts a snapshot in the place of what is stored. It is called under mu.
func (r *replica) storeSnapshot(cells jsontext.Value) {
	held := r.held
	r.held = nil
	if r.copy != nil {
		r.copied = true
		r.copy.Snapshot(r.position, cells, held)
	}
}

// save stores the document as it is, if that can be had now. It is called under mu.
func (r *replica) save() {
	if r.copy == nil || r.status != DocumentOpen {
		return
	}
	if cells, ok := r.content.save(); ok {
		r.copied = true
		r.copy.Snapshot(r.position, cells, nil)
	}
}

// unkeep ends the use of what is stored. It is called under mu.
func (r *replica) unkeep() {
	if r.copy != nil {
		r.copy.Close()
		r.copy = nil
	}
}

func (w *writing) save() (jsontext.Value, bool) {
	s, ok := w.session.Snapshot()
	if !ok {
		return nil, false
	}
	return document.AppendSnapshot(nil, s), true
}

func (w *writing) resume(k resumed) (unfit []uint64, err error) {
	kept := text.Kept{Client: k.client}
	if k.stored != nil {
		s, err := document.DecodeSnapshot(k.stored.Cells)
		if err != nil {
			return nil, err
		}
		if s.Offset() != k.stored.Position.Offset {
			return nil, protocol.Errorf(protocol.BadMessage, "The snapshot of a text is of offset %d, not %d.", s.Offset(), k.stored.Position.Offset)
		}
		kept.Snapshot = &s
		for _, e := range k.stored.Entries {
			in, _ := entryOf(e) // one that cannot be read has no effect
			kept.Entries = append(kept.Entries, in)
		}
	}
	fit := make(map[uint64]keep.Operation) // by keys of the session
	for i, o := range k.operations {
		op, err := document.Decode(o.Data)
		if err != nil {
			unfit = append(unfit, o.Key)
			continue
		}
		key := uint64(i) + 1
		fit[key] = o
		kept.Pending = append(kept.Pending, text.Pending{Key: key, Base: o.Base, Op: op, Acknowledged: o.Place != nil})
	}
	s, without, err := text.Resume(kept)
	if err != nil {
		return nil, document.Error(err)
	}
	w.session = s
	for _, p := range kept.Pending {
		o := fit[p.Key]
		if slices.Contains(without, p.Key) {
			unfit = append(unfit, o.Key)
			continue
		}
		w.restore(p, o, k.client)
	}
	return unfit, nil
}

// restore takes over a pending operation that the session has.
func (w *writing) restore(p text.Pending, o keep.Operation, client string) {
	written := &written{key: p.Key, given: true, base: p.Base, op: p.Op, acknowledged: o.Place != nil}
	if o.Place != nil {
		written.position = *o.Place
	}
	w.keys[p.Key], w.pending[o.Key] = o.Key, written
	w.replica.restore(o, []string{""})
	w.replica.client.texts[w.replica] = struct{}{}
	if o.Seq > 0 {
		w.sent(o.Key, client, o.Seq)
	}
}

// again makes an operation of a document anew, from its JSON.
func (c *Client) again(topic, kind string, data []byte) (*Mutation, error) {
	empty := contentOf(kind)
	if empty == nil {
		return nil, protocol.Errorf(protocol.WrongType, "The client has no documents of the type %.40q.", kind)
	}
	d := &Document{replica: c.join(topic, kind, empty, false)}
	defer d.Close()
	if w, ok := d.replica.content.(*writing); ok {
		op, err := document.Decode(data)
		if err != nil {
			return nil, err
		}
		return (&Text{d, w}).Edit(op), nil
	}
	d.cells = d.replica.content.(*cells)
	m, _ := d.cells.mutate(stdjson.RawMessage(data), nil, 0, nil)
	return m, nil
}
