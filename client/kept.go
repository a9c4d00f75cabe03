package client

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
)

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
		r.unreadable(err)
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
		r.unreadable(err)
		return
	}
	r.content.fold(s.Entries)
	r.position, r.copied = s.end(), true
	r.move(DocumentOpen)
}

// unreadable erases what is stored, as it cannot be read. It is called under mu.
func (r *replica) unreadable(err error) {
	r.client.report(storageFailed(fmt.Errorf("read the document %.80q: %w", r.topic, err)))
	r.copy.Reset()
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
