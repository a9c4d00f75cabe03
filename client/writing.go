package client

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
	"github.com/tuttisync/tutti/text/document"
)

// mostJoined is how many bytes an edit and the operation that it joins have at most.
const mostJoined = 4096

// messageBytes is the most that an operation may have, whatever more the server
// takes.
const messageBytes = 64 << 10

// messageBytes is how many bytes of JSON an operation may have.
func (c *Client) messageBytes() int {
	if told := int(c.limit.Load()); told > 0 {
		return min(told, messageBytes)
	}
	return messageBytes
}

// writing is the content of a text.
//
// An edit joins the operation before it while that was not sent. The core may send
// in any step that it makes, with the words that it was given last. So the owner
// seals the text before each step: it amends what has changed since, and until the
// step is over nothing joins.
type writing struct {
	replica *replica
	session *text.Session
	pending map[uint64]*written // by key of the mutation
	keys    map[uint64]uint64   // of mutations, by that of the session
	entries map[protocol.ClientSeq]uint64
	sealed  bool
	changed bool // pending operations may say something else than the core knows
	typing  typing
	anchors map[*Anchor]struct{}

	changes observerList[TextChange]
	rebased observerList[Rebased]
}

// written is a pending operation.
type written struct {
	key          uint64 // of the session
	given        bool   // the core has it, with these words
	base         uint64
	op           text.Op
	renewed      bool               // the core may have another base
	seq          protocol.ClientSeq // Seq 0: it was not sent
	acknowledged bool
	position     protocol.Position
}

func newWriting(r *replica) content {
	return &writing{
		replica: r, session: text.NewSession(""), typing: typing{at: -1},
		pending: make(map[uint64]*written), keys: make(map[uint64]uint64),
		entries: make(map[protocol.ClientSeq]uint64), anchors: make(map[*Anchor]struct{}),
	}
}

// edit applies an edit, all of it or nothing. It returns the mutations that it is,
// in order, of which the first may be one that it has joined, and says which are
// new; none if it does nothing.
func (w *writing) edit(op text.Op, now time.Time) (all, made []*Mutation, err error) {
	if err := op.Check(w.session.Len()); err != nil {
		return nil, nil, document.Error(err)
	}
	typing := w.typing
	step := typing.joins(op, now)
	w.typing.at = -1 // it is put behind the edit
	for _, part := range cut(op, w.replica.client.messageBytes()/2) {
		m, isNew, err := w.make(part, step)
		if step = step || m != nil; m != nil && !slices.Contains(all, m) {
			all = append(all, m)
		}
		if isNew {
			made = append(made, m)
		}
		if err != nil {
			return all, made, document.Error(err)
		}
	}
	w.typing = typing
	return all, made, nil
}

// make applies an operation, or a part of one.
func (w *writing) make(op text.Op, step bool) (m *Mutation, isNew bool, err error) {
	join := text.Join{Operation: w.open(op), Step: step}
	key, err := w.session.Local(op, join)
	if err != nil || key == 0 {
		return nil, false, err
	}
	w.move(TextChange{Op: op})
	if key == join.Operation {
		w.changed = true
		return w.replica.mutations[w.keys[key]], false, nil
	}
	m = w.replica.newMutation()
	w.add(m, key)
	return m, true, nil
}

// open is the operation that an edit may join; 0: none.
func (w *writing) open(op text.Op) uint64 {
	all := w.session.Pending()
	if len(all) == 0 || w.sealed {
		return 0
	}
	last := all[len(all)-1]
	if p := w.pending[w.keys[last.Key]]; p == nil || p.seq.Seq > 0 || len(document.Append(document.Append(nil, last.Op), op)) > mostJoined {
		return 0
	}
	return last.Key
}

func (w *writing) add(m *Mutation, key uint64) {
	m.keys = []string{""}
	w.replica.mutations[m.key], w.keys[key], w.pending[m.key] = m, m.key, &written{key: key}
	tell(w.replica.client, &w.replica.mutated, m)
}

func (w *writing) revert(back func(*text.Session) ([]uint64, text.Op, error)) (made []*Mutation) {
	keys, op, err := back(w.session)
	if err != nil {
		w.replica.fault(document.Error(err))
	}
	for _, key := range keys {
		m := w.replica.newMutation()
		w.add(m, key)
		made = append(made, m)
	}
	w.typing.at = -1
	w.move(TextChange{Op: op})
	return made
}

// move tells what has become of the text.
func (w *writing) move(change TextChange) {
	if len(change.Op) == 0 {
		return
	}
	for a := range w.anchors {
		a.at = text.TransformPosition(a.at, change.Op, a.side)
	}
	if w.typing.at >= 0 {
		w.typing.at = text.TransformPosition(w.typing.at, change.Op, text.Left)
	}
	tell(w.replica.client, &w.changes, change)
	tell(w.replica.client, &w.replica.changed, []string{""})
}

// step takes what the session made of something that came.
func (w *writing) step(s text.Step, change TextChange) {
	change.Op, change.Remote = s.Op, true
	w.move(change)
	w.changed = w.changed || s.Rebased
}

func (w *writing) pendingOn(string) (keys []uint64) {
	for _, p := range w.session.Pending() {
		keys = append(keys, w.keys[p.Key])
	}
	return keys
}

// words seals the text: the owner lets the core take them.
func (w *writing) words(key uint64) (base uint64, data jsontext.Value, ok bool) {
	p := w.pending[key]
	if p == nil {
		return 0, nil, false
	}
	for _, now := range w.session.Pending() {
		if now.Key == p.key {
			p.given, p.base, p.op, p.renewed, w.sealed = true, now.Base, now.Op, false, true
			w.replica.client.texts[w.replica] = struct{}{}
			return p.base, document.Append(nil, p.op), true
		}
	}
	return 0, nil, false
}

// amends are the words that have changed since the core was given them.
func (w *writing) amends() (all []core.Amend) {
	if !w.changed {
		return nil
	}
	w.changed = false
	for _, now := range w.session.Pending() {
		key := w.keys[now.Key]
		p := w.pending[key]
		if p.given && (p.renewed || p.base != now.Base || !slices.Equal(p.op, now.Op)) {
			p.base, p.op, p.renewed = now.Base, now.Op, false
			all = append(all, core.Amend{Key: key, Base: p.base, Data: document.Append(nil, p.op)})
		}
	}
	return all
}

// identify says whose text it is from now on. What is pending can follow no entry
// of the former client but those that are folded: what is to come was lost.
func (w *writing) identify(client string) {
	if client == w.session.Client() {
		return
	}
	for _, key := range w.pendingOn("") {
		if w.pending[key].acknowledged {
			w.drop(key)
			w.replica.lose(key)
		}
	}
	w.session.Identify(client)
	w.changed = true
}

func (w *writing) sent(key uint64, client string, seq uint64) {
	if p := w.pending[key]; p != nil {
		delete(w.entries, p.seq)
		p.seq = protocol.ClientSeq{Client: client, Seq: seq}
		w.entries[p.seq] = key
	}
}

func (w *writing) acknowledge(key uint64, at protocol.Position) {
	p := w.pending[key]
	if p == nil {
		return
	}
	if at.Offset > 0 && at.Offset <= w.session.Offset() { // the text has it, by what did not say so
		w.drop(key)
		w.replica.confirm(key, at)
		return
	}
	p.acknowledged, p.position = true, at
	w.session.Acknowledge(p.key)
}

func (w *writing) outdated(key uint64) {
	if p := w.pending[key]; p != nil {
		w.step(w.session.Rebase(p.key), TextChange{})
	}
}

func (w *writing) drop(key uint64) {
	if p := w.forget(key); p != nil {
		w.step(w.session.Reject(p.key), TextChange{})
	}
}

func (w *writing) forget(key uint64) *written {
	p := w.pending[key]
	if p != nil {
		delete(w.pending, key)
		delete(w.keys, p.key)
		delete(w.entries, p.seq)
	}
	return p
}

func (w *writing) fold(entries []*protocol.Entry) {
	for _, e := range entries {
		if e.Offset > w.session.Offset() {
			w.receive(e)
		}
	}
	var lost []uint64
	for key, p := range w.pending {
		if p.took(w.session.Offset()) {
			lost = append(lost, key)
		}
	}
	slices.Sort(lost)
	for _, key := range lost {
		w.drop(key)
		w.replica.lose(key)
	}
}

// took says whether the server has told that it took the operation, at an offset up
// to this one.
func (p *written) took(offset uint64) bool {
	return p.acknowledged && p.position.Offset > 0 && p.position.Offset <= offset
}

// entryOf is an entry as the session takes it, without an operation if it has none
// that can be read.
func entryOf(e *protocol.Entry) (in text.Entry, err error) {
	in = text.Entry{Offset: e.Offset, Client: e.Client}
	if !e.Redacted && e.Base != nil {
		in.Base = *e.Base
		in.Op, err = document.Decode(e.Data)
	}
	return in, err
}

func (w *writing) receive(e *protocol.Entry) {
	in, err := entryOf(e)
	key := w.entries[protocol.ClientSeq{Client: e.Client, Seq: e.Seq}]
	own := uint64(0)
	if p := w.pending[key]; p != nil {
		own = p.key
	}
	step, failed := w.session.Receive(in, own)
	if failed != nil {
		err = document.Error(failed)
	}
	w.step(step, TextChange{Client: e.Client, Author: e.Author})
	if own > 0 {
		w.forget(key)
		w.replica.confirm(key, e.Position())
	}
	if err != nil {
		w.replica.fault(fmt.Errorf("fold the entry at offset %d: %w", e.Offset, err))
	}
}
