package doc

import (
	"cmp"
	"iter"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// Replica is a document as its client shows it: the confirmed fold of the log,
// and on top of it the client's own operations that are not in it (rules DOC-15
// to DOC-19). It is told what happens, in order, and returns what changed.
//
// An operation that was made is pending until the confirmed document holds it,
// which its entry or a snapshot says, not its acknowledgement; or until it is
// dropped. When the confirmed document or what is pending changes at some keys,
// the pending operations that are connected to them (those on one of these
// keys, those on another key of one of those, and so on) are folded again, in
// the order in which they were made; all others stay as they are.
type Replica struct {
	// Watch says that what others have written is told as well when it is folded,
	// with the cells before and after.
	Watch bool

	client  string // of the operations that are made; empty: not known yet
	base    *State
	shown   overlay // cells of what is pending
	pending map[uint64]*pending
	onKey   map[string][]*pending // in the order in which they were made
	sent    map[protocol.ClientSeq]*pending
	made    uint64 // how many operations were made

	before map[string]Cell // what was shown before this step, of what it touches
	change Change
}

// pending is an operation that the confirmed document does not hold.
type pending struct {
	key          uint64
	op           Op
	touches      []string // the keys of its cells
	base         uint64
	order        uint64
	sent         protocol.ClientSeq // Seq 0: it was not sent
	acknowledged bool
	position     protocol.Position // as the acknowledgement told, if it did
}

// Change is what one step of a replica changed.
type Change struct {
	Keys      []string       // those whose shown cells differ, in no order
	Confirmed []Confirmation // operations that the confirmed document holds now
	Lost      []uint64       // operations that the server took, in a log that is lost
	Folded    []Folded       // entries that the confirmed document holds now: own ones, and all if Watch is set
	Faults    []error        // entries that have no effect here, as they cannot be read or applied
}

// Confirmation says where a pending operation is in the log.
type Confirmation struct {
	Key      uint64
	Position protocol.Position // zero: the server did not tell
}

// Folded is an entry of the log that was folded, and the cells at its keys.
type Folded struct {
	Entry Entry
	Cells []Replacement
	Own   uint64 // the key of the pending operation that it was; 0: none
}

// Replacement is what an entry made of a key's cell; nil: there is none.
type Replacement struct {
	Key           string
	Before, After Cell
}

// self stands for the client of pending operations while its id is not known.
const self = "self"

// NewReplica returns a replica that has not heard of the document yet.
func NewReplica(t Type) *Replica {
	base := New(t)
	return &Replica{
		base: base, shown: newOverlay(base),
		pending: make(map[uint64]*pending), onKey: make(map[string][]*pending),
		sent: make(map[protocol.ClientSeq]*pending), before: make(map[string]Cell),
	}
}

// Offset is that of the confirmed document.
func (r *Replica) Offset() uint64 { return r.base.offset }

// Get returns what is shown at a key, or nil. What a pending operation wrote
// has the offset [Pending].
func (r *Replica) Get(key string) Cell { return r.shown.Get(key) }

// Confirmed returns what the confirmed document has at a key, or nil.
func (r *Replica) Confirmed(key string) Cell { return r.base.Get(key) }

// AllConfirmed are the cells of the confirmed document, in no order.
func (r *Replica) AllConfirmed() iter.Seq2[string, Cell] { return r.base.All() }

// All are the cells that are shown, in no order.
func (r *Replica) All() iter.Seq2[string, Cell] {
	return func(yield func(string, Cell) bool) {
		for key, cell := range r.base.cells {
			if _, hidden := r.shown.cells[key]; !hidden && !yield(key, cell) {
				return
			}
		}
		for key, cell := range r.shown.cells {
			if cell != nil && !yield(key, cell) {
				return
			}
		}
	}
}

// AppendConfirmed appends the cells of the confirmed document to b, as Snapshot takes
// them.
func (r *Replica) AppendConfirmed(b []byte) []byte { return r.base.AppendCells(b) }

// AppendValue appends the JSON of what is shown to b.
func (r *Replica) AppendValue(b []byte) []byte { return r.base.typ.AppendValue(b, r.All()) }

// Pending are the keys of the pending operations, in the order in which they
// were made.
func (r *Replica) Pending() []uint64 {
	all := make([]*pending, 0, len(r.pending))
	for _, p := range r.pending {
		all = append(all, p)
	}
	slices.SortFunc(all, made)
	return keysOf(all)
}

// PendingOn are the keys of the pending operations that may read or write a
// cell, in the order in which they were made.
func (r *Replica) PendingOn(key string) []uint64 { return keysOf(r.onKey[key]) }

// Base is that of a pending operation: what its author had seen of the log.
func (r *Replica) Base(key uint64) uint64 {
	if p := r.pending[key]; p != nil {
		return p.base
	}
	return 0
}

// Identify says whose the operations are from now on: a server told the
// client's id, or the library goes on as a new one.
func (r *Replica) Identify(client string) Change {
	if client != r.client {
		r.client = client
		r.foldAgain(r.pendingKeys())
	}
	return r.end()
}

// Mutate adds an operation of the client's own, made on what is confirmed now.
// Its key, which the caller gives, must not be pending.
func (r *Replica) Mutate(key uint64, op Op) Change { return r.Restore(key, op, r.base.offset) }

// Restore adds one that was made before, by a former life of the client, on what was
// confirmed at a base.
func (r *Replica) Restore(key uint64, op Op, base uint64) Change {
	r.made++
	p := &pending{key: key, op: op, touches: op.Keys(), base: base, order: r.made}
	r.pending[key] = p
	for _, k := range p.touches {
		r.onKey[k] = append(r.onKey[k], p)
	}
	r.show(p)
	return r.end()
}

// Sent says that an operation was sent as this entry of the client's, for the
// first time or by a new client again.
func (r *Replica) Sent(key uint64, client string, seq uint64) {
	if p := r.pending[key]; p != nil {
		delete(r.sent, p.sent)
		p.sent = protocol.ClientSeq{Client: client, Seq: seq}
		r.sent[p.sent] = p
	}
}

// Acknowledge says that the server took an operation, and where, if it told
// (else the zero position). The operation stays pending until the confirmed
// document holds it.
func (r *Replica) Acknowledge(key uint64, at protocol.Position) Change {
	if p := r.pending[key]; p != nil {
		p.acknowledged, p.position = true, at
		if at.Offset > 0 && at.Offset <= r.base.offset {
			r.foldAgain(r.confirm(p, at))
		}
	}
	return r.end()
}

// Drop takes an operation out: it was rejected, or taken back.
func (r *Replica) Drop(key uint64) Change {
	if p := r.pending[key]; p != nil {
		r.foldAgain(r.remove(p))
	}
	return r.end()
}

func made(a, b *pending) int { return cmp.Compare(a.order, b.order) }

func keysOf(all []*pending) []uint64 {
	keys := make([]uint64, len(all))
	for i, p := range all {
		keys[i] = p.key
	}
	return keys
}
