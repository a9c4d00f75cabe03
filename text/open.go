package text

import (
	"slices"
	"unicode/utf8"
)

// Open puts a snapshot in the place of what was folded: the first one, or one of a
// log that the session is behind, or that has lost what it had (recovered is false
// then). in says which pending operations the snapshot holds. Those that it does
// not hold are transformed: past the entries that the session lacks, if it has
// seen the snapshot's bar, else past the difference of the texts. bad_update if it
// is no snapshot; then nothing has changed.
func (s *Session) Open(snapshot Snapshot, in func(key uint64) bool, recovered bool) (step Step, err error) {
	f, err := Load(snapshot, Limits{})
	if err != nil {
		return step, err
	}
	var held []uint64 // that have an effect: entries without one name no client
	for _, p := range s.pending {
		if in(p.Key) && p.Op.events() > 0 {
			held = append(held, p.Key)
		}
	}
	if recovered && s.follows(&snapshot, len(held)) {
		s.pending = slices.DeleteFunc(s.pending, func(p *pending) bool { return in(p.Key) && p.Op.events() == 0 })
		for _, e := range snapshot.Entries[s.Offset()-snapshot.Bar:] {
			own := uint64(0)
			if s.client != "" && e.Client == s.client {
				own, held = held[0], held[1:]
			}
			next, err := s.Receive(e, own)
			if err != nil {
				return step, err
			}
			step.Op = append(step.Op, next.Op...)
			step.Rebased = step.Rebased || next.Rebased
		}
		return step, nil
	}
	l := s.lift(func(_ int, p *pending) fate {
		if in(p.Key) {
			return settled
		}
		return kept
	})
	difference, err := Between(l.base, snapshot.Text)
	if err != nil {
		return step, err
	}
	step.Op = l.past(difference)
	s.others(step.Op)
	l.base = snapshot.Text
	s.settle(f.sequence, nil, l)
	step.Rebased = len(s.pending) > 0
	return step, nil
}

// follows says whether a snapshot's log goes on from where the session is, with so
// many of its pending operations in it that have an effect.
func (s *Session) follows(snapshot *Snapshot, held int) bool {
	if s.Offset() < snapshot.Bar || s.Offset() > snapshot.Offset() {
		return false
	}
	own := 0
	for _, e := range snapshot.Entries[s.Offset()-snapshot.Bar:] {
		if s.client != "" && e.Client == s.client {
			own++
		}
	}
	return own == held
}

// past transforms what was lifted past a difference of the text beneath it, and
// returns what that does to the text with it.
func (l *lifted) past(difference Op) (change Op) {
	if len(difference) == 0 {
		return nil
	}
	h := history{before: utf8.RuneCountInString(l.base)}
	h.graph.add(0, nil)
	h.splices(difference)
	fork := h.end
	h.graph.add(fork, nil)
	for _, p := range l.kept {
		h.splices(p.Op)
	}
	order := func(a, b lv) int { return a - b } // the log's comes first
	under := walker{history: &h, tracker: newTracker(0, h.before, order)}
	under.tracker.grow(h.end)
	over := walker{history: &h, tracker: newTracker(0, h.before, order)}
	over.tracker.grow(h.end)
	_ = under.apply(span{0, fork}, nil) // these fit as well
	start := fork
	for _, p := range l.kept {
		end := start + p.Op.events()
		if p.Op = nil; start < end {
			_ = under.apply(span{start, end}, func(e edit) { p.Op = p.Op.with(e) })
		}
		start = end
	}
	if fork < h.end {
		_ = over.apply(span{fork, h.end}, nil)
	}
	_ = over.apply(span{0, fork}, func(e edit) { change = change.with(e) })
	return change
}
