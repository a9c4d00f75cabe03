package sim

import (
	"slices"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
	"github.com/tuttisync/tutti/text/document"
)

// textTopic is the text that all writers of a world write.
const textTopic = "text:a"

// textHandler is the number of a writer's handler.
const textHandler = 1

// writer is what a client shows of the text, and its own operations that the log
// does not hold, told to the core as package client tells them.
type writer struct {
	client  *client
	session *text.Session
	pending map[uint64]*written // by the key of the publish
	keys    map[uint64]uint64   // of publishes, by that of the session
	entries map[protocol.ClientSeq]uint64
	changed bool          // what is pending may say something else than the core knows
	posted  time.Duration // when the core takes what was made last
	shown   []rune        // what the changes that were told make
	cursor  int           // where the user is
}

// written is a pending operation.
type written struct {
	key     uint64 // of the session
	given   bool   // the core has it, with these words
	base    uint64
	op      text.Op
	renewed bool               // the core may have another base
	seq     protocol.ClientSeq // Seq 0: it was not sent
	acked   bool
	at      protocol.Position
	intent  *intent
}

func newWriter(c *client) *writer {
	return &writer{
		client: c, session: text.NewSession(""), pending: make(map[uint64]*written),
		keys: make(map[uint64]uint64), entries: make(map[protocol.ClientSeq]uint64),
	}
}

// edit applies an edit of the user's. With join it becomes a part of the operation
// before it, if that was not sent; with step it is undone with it.
func (w *writer) edit(op text.Op, join, step bool) {
	onto := uint64(0)
	if all := w.session.Pending(); join && len(all) > 0 {
		if last := all[len(all)-1].Key; w.pending[w.keys[last]].seq.Seq == 0 {
			onto = last
		}
	}
	key, err := w.session.Local(op, text.Join{Operation: onto, Step: step})
	if err != nil {
		w.fault("cannot do %v: %v", op, err)
		return
	}
	if key == 0 {
		return
	}
	if key != onto {
		w.add(key)
	}
	w.changed = true
	w.client.world.meaning.mean(w.pending[w.keys[key]].intent, w.shown, op)
	w.move(op)
	w.client.world.meaning.look(w.shown)
}

// revert undoes an edit, or makes it again.
func (w *writer) revert(back func(*text.Session) ([]uint64, text.Op, error)) {
	keys, op, err := back(w.session)
	if err != nil {
		w.fault("cannot undo: %v", err)
		return
	}
	before := w.shown
	for _, p := range w.session.Pending() {
		if slices.Contains(keys, p.Key) {
			w.add(p.Key)
			w.client.world.meaning.mean(w.pending[w.keys[p.Key]].intent, before, p.Op)
			before, _, _, _ = applied(before, p.Op)
		}
	}
	w.move(op)
}

// add lets the core know of a new operation, soon.
func (w *writer) add(key uint64) {
	c := w.client
	c.keys++
	publish := c.keys
	w.keys[key], w.pending[publish] = publish, &written{key: key, intent: c.world.meaning.intend()}
	w.posted = max(w.posted, c.world.now) + c.world.between(0, 5*time.Millisecond)
	c.world.at(w.posted, func() { w.publish(publish) })
}

func (w *writer) publish(key uint64) {
	p := w.pending[key]
	for _, now := range w.session.Pending() {
		if p != nil && now.Key == p.key {
			p.given, p.base, p.op, p.renewed = true, now.Base, now.Op, false
			base := p.base
			w.client.step(core.Publish{Key: key, Topic: textTopic, Base: &base, Positional: true, Data: document.Append(nil, p.op)})
			return
		}
	}
}

// amend lets the core know what pending operations say now.
func (w *writer) amend() {
	if !w.changed {
		return
	}
	w.changed = false
	for _, now := range w.session.Pending() {
		key := w.keys[now.Key]
		p := w.pending[key]
		if !p.given || !p.renewed && p.base == now.Base && slices.Equal(p.op, now.Op) {
			continue
		}
		p.base, p.op, p.renewed = now.Base, now.Op, false
		c := w.client
		for _, e := range c.core.Step(c.world.now.Milliseconds(), core.Amend{Key: key, Base: p.base, Data: document.Append(nil, p.op)}) {
			c.wait(e.(core.Wait).Until)
		}
	}
}

// move takes what becomes of the text that is shown.
func (w *writer) move(op text.Op) {
	var fits bool
	if w.shown, _, _, fits = applied(w.shown, op); !fits {
		w.fault("was told %v, which does not fit", op)
	} else if now := w.session.String(); string(w.shown) != now {
		w.fault("was told what makes %q, and shows %q", string(w.shown), now)
		w.shown = []rune(now)
	}
	w.cursor = min(w.cursor, len(w.shown))
}

func (w *writer) step(s text.Step) {
	w.move(s.Op)
	w.changed = w.changed || s.Rebased
}

func (w *writer) identify() {
	if id := w.client.core.Client(); id != w.session.Client() {
		w.session.Identify(id)
		w.changed = true
	}
}

func (w *writer) sent(e core.Sent) {
	w.identify()
	if p := w.pending[e.Key]; p != nil {
		delete(w.entries, p.seq)
		p.seq = protocol.ClientSeq{Client: w.client.core.Client(), Seq: e.Seq}
		w.entries[p.seq] = e.Key
	}
}

func (w *writer) outdated(e core.Outdated) {
	w.client.world.outdated++
	if p := w.pending[e.Key]; p != nil {
		w.step(w.session.Rebase(p.key))
	}
}

func (w *writer) settled(e core.Settled) {
	p := w.pending[e.Key]
	switch {
	case p == nil: // its entry came first
	case e.Err == nil && e.Position.Offset > 0 && e.Position.Offset <= w.session.Offset():
		w.fault("has %v at %v, and did not see it", p.op, e.Position)
	case e.Err == nil:
		p.acked, p.at = true, e.Position
		w.session.Acknowledge(p.key)
	default:
		w.refused(e)
		w.forget(e.Key)
		w.step(w.session.Reject(p.key))
	}
}

func (w *writer) refused(e core.Settled) {
	switch e.Err.Code {
	case protocol.BadOperation, protocol.LimitExceeded:
		w.client.world.rejected++
	case protocol.Aborted, protocol.QueueFull:
	default:
		w.fault("was told %v", e.Err)
	}
	if e.Unconfirmed {
		w.fault("does not know what became of %v", w.pending[e.Key].op)
	}
}

func (w *writer) forget(key uint64) *written {
	p := w.pending[key]
	delete(w.pending, key)
	delete(w.keys, p.key)
	delete(w.entries, p.seq)
	return p
}

// confirm ends an operation that the log holds.
func (w *writer) confirm(key uint64) { w.forget(key).intent.done = true }

// receive folds an entry.
func (w *writer) receive(e *protocol.Entry) {
	if e.Offset <= w.session.Offset() {
		return
	}
	op, err := document.Decode(e.Data)
	if err != nil || e.Base == nil {
		w.fault("got %s at %d: %v", e.Data, e.Offset, err)
		return
	}
	key, own := w.entries[protocol.ClientSeq{Client: e.Client, Seq: e.Seq}], uint64(0)
	if p := w.pending[key]; p != nil {
		own = p.key
	}
	step, err := w.session.Receive(text.Entry{Offset: e.Offset, Client: e.Client, Base: *e.Base, Op: op}, own)
	if err != nil {
		w.fault("cannot fold %s at %d: %v", e.Data, e.Offset, err)
	}
	w.step(step)
	if own > 0 {
		w.confirm(key)
	}
	for _, now := range w.session.Pending() {
		if key := w.keys[now.Key]; w.pending[key].took(e.Offset) {
			w.step(w.session.Reject(w.forget(key).key))
		}
	}
}

// took says whether the server has told that it took the operation, at an offset up
// to this one.
func (p *written) took(offset uint64) bool {
	return p.acked && p.at.Offset > 0 && p.at.Offset <= offset
}

func (w *writer) fault(format string, args ...any) {
	w.client.world.ledger.fault("writer %d "+format, append([]any{w.client.id}, args...)...)
}
