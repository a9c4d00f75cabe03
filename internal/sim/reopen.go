package sim

import (
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/text/document"
)

// show puts a snapshot in the place of what was folded.
func (w *writer) show(e core.Snapshot) {
	w.client.world.reopened++
	w.identify()
	in, err := document.DecodeSnapshot(e.Cells)
	if err != nil || in.Offset() != e.Position.Offset {
		w.fault("got a snapshot of %d, said to be of %d: %v", in.Offset(), e.Position.Offset, err)
		return
	}
	held, lost := w.fates(e)
	w.client.world.tell("writer %d: snapshot of %v, recovered %v, holds %v, without %v", w.client.id, e.Position, e.Recovered, held, lost)
	for _, key := range lost {
		w.step(w.session.Reject(w.forget(key).key))
	}
	isHeld := make(map[uint64]bool)
	for _, key := range held {
		isHeld[w.pending[key].key] = true
	}
	if world := w.client.world; e.Recovered && w.session.Offset() < in.Bar && len(held) < len(w.pending) {
		world.meaning.compare(world.textOf(w.session.Offset(), e.Seqs), in.Text)
	}
	step, err := w.session.Open(in, func(key uint64) bool { return isHeld[key] }, e.Recovered)
	if err != nil {
		w.fault("cannot open a snapshot: %v", err)
	}
	w.step(step)
	for _, key := range held {
		w.confirm(key)
	}
	for _, p := range w.pending {
		p.renewed = true
	}
	w.changed = true
}

// fates are the pending operations that a snapshot holds, and those that were
// taken into a log that is lost, in order.
func (w *writer) fates(e core.Snapshot) (held, lost []uint64) {
	seqs := make(map[string]uint64)
	for _, s := range e.Seqs {
		seqs[s.Client] = s.Seq
	}
	for _, now := range w.session.Pending() {
		key := w.keys[now.Key]
		p := w.pending[key]
		newest, passed := seqs[p.seq.Client], p.took(e.Position.Offset)
		switch {
		case p.seq.Seq > 0 && p.seq.Seq <= newest, e.Recovered && passed && newest == 0:
			held = append(held, key)
		case !e.Recovered && p.acked, passed:
			lost = append(lost, key)
		}
	}
	return held, lost
}
