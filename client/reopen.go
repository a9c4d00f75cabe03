package client

import (
	"fmt"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text/document"
)

// show puts a snapshot in the place of what was folded. What it holds of the own
// operations is confirmed; what the server took, in a log that is lost, is gone.
func (w *writing) show(s *protocol.Snapshot, recovered bool) error {
	in, err := document.DecodeSnapshot(s.Cells)
	if err != nil {
		return err
	}
	if in.Offset() != s.Offset {
		return protocol.Errorf(protocol.BadMessage, "The snapshot of a text is of offset %d, not %d.", in.Offset(), s.Offset)
	}
	held, lost := w.fates(s, recovered)
	before, known := w.session.String(), w.session.Offset() >= in.Bar && w.session.Offset() <= in.Offset()
	for _, key := range lost {
		w.drop(key)
		w.replica.lose(key)
	}
	isHeld := make(map[uint64]bool)
	for _, key := range held {
		isHeld[w.pending[key].key] = true
	}
	step, err := w.session.Open(in, func(key uint64) bool { return isHeld[key] }, recovered)
	if err != nil {
		return fmt.Errorf("read the snapshot: %w", document.Error(err))
	}
	w.step(step, TextChange{})
	for _, key := range held {
		at := w.forget(key).position
		w.replica.confirm(key, at)
	}
	w.renewWords()
	if w.replica.status == DocumentOpen && (!known || !recovered) {
		w.tellRebased(before, !recovered)
	}
	return nil
}

// fates are the pending operations that a snapshot holds, and those that were
// taken into a log that is lost.
func (w *writing) fates(s *protocol.Snapshot, recovered bool) (held, lost []uint64) {
	seqs := make(map[string]uint64, len(s.Seqs))
	for _, c := range s.Seqs {
		seqs[c.Client] = c.Seq
	}
	for _, key := range w.pendingOn("") {
		p := w.pending[key]
		newest, passed := seqs[p.seq.Client], p.took(s.Offset)
		switch {
		case p.seq.Seq > 0 && p.seq.Seq <= newest, recovered && passed && newest == 0:
			held = append(held, key)
		case !recovered && p.acknowledged, passed:
			lost = append(lost, key)
		}
	}
	return held, lost
}

// renewWords lets all that is pending be amended: with a snapshot the core may have
// taken bases away.
func (w *writing) renewWords() {
	for _, p := range w.pending {
		p.renewed = true
	}
	w.changed = true
}

func (w *writing) tellRebased(before string, lost bool) {
	told := Rebased{Before: before, After: w.session.String(), Lost: lost}
	for _, key := range w.pendingOn("") {
		told.Mutations = append(told.Mutations, w.replica.mutations[key])
	}
	if len(told.Mutations) > 0 {
		tell(w.replica.client, &w.rebased, told)
	}
}
