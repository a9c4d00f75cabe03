package text

import (
	"fmt"
	"slices"
)

// Entry is an operation in a sequencer's log. Its past, what its author had
// seen, is the log up to Base, the entries of its client before it, and those
// named by After.
type Entry struct {
	Offset uint64 // one more than the last entry's
	Client string // empty: none
	Base   uint64
	After  []uint64 // offsets above Base
	Op     Op
}

// Limits are what one entry may be. What is 0 has no limit of its own.
type Limits struct {
	Length  int // code points that the text has after it: limit_exceeded
	Splices int // of its operation: limit_exceeded
	Moves   int // what Fold.Moved tells: rebase_required
}

// Fold is a text made of a sequencer's log, entry by entry. It holds the history
// since its bar alone: an entry that had not seen all up to there cannot be
// folded. It is not safe for concurrent use.
type Fold struct {
	limits  Limits
	text    *rope
	history history
	version []lv
	moved   int

	bar       uint64
	barLength int
	versions  [][]lv        // after each entry since the bar
	own       []lv          // the newest event of each; -1: it has none
	last      map[string]lv // of each client, its newest event since the bar
	walker    *walker       // while events are concurrent
}

// NewFold returns the fold of a log up to an offset, which made this text.
func NewFold(text string, offset uint64, limits Limits) *Fold {
	f := &Fold{limits: limits, text: newRope(text), bar: offset, last: make(map[string]lv)}
	f.barLength = f.text.size.runes
	return f
}

// Len is how many code points the text has.
func (f *Fold) Len() int { return f.text.size.runes }

// String is the text.
func (f *Fold) String() string { return f.text.String() }

// Offset is that of the newest entry.
func (f *Fold) Offset() uint64 { return f.bar + uint64(len(f.versions)) }

// Bar is the offset up to which every entry's author must have seen the log.
func (f *Fold) Bar() uint64 { return f.bar }

// Held is how many events are held since the bar.
func (f *Fold) Held() int { return f.history.end }

// Moved is how many events the latest entry made the fold take back and put in
// again, to see the text as its author did: what it cost beyond its own size.
func (f *Fold) Moved() int { return f.moved }

// SetBar makes the newest entry the bar, and drops what was held for those before
// it.
func (f *Fold) SetBar() {
	f.bar, f.barLength = f.Offset(), f.Len()
	f.history, f.version, f.versions, f.own, f.walker = history{}, nil, nil, nil, nil
	clear(f.last)
}

// Fold applies an entry, and returns what it does to the text as it is: its own
// operation, if its author had seen all. On an error the entry has no effect:
// rebase_required if its author had not seen the log up to the bar, or too little
// behind it for the limits; bad_operation if it does not fit the text that its
// author saw; limit_exceeded if it or the text would be too large.
func (f *Fold) Fold(e Entry) (Op, error) {
	f.moved = 0
	if most := f.limits.Splices; most > 0 && len(e.Op) > most {
		return nil, fail(LimitExceeded, fmt.Sprintf("The operation has %d splices; it may have %d.", len(e.Op), most))
	}
	if e.Offset != f.Offset()+1 {
		return nil, fail(BadOperation, fmt.Sprintf("The next entry is %d, not %d.", f.Offset()+1, e.Offset))
	}
	parents, err := f.past(&e)
	if err != nil {
		return nil, err
	}
	if slices.Equal(parents, f.version) {
		return f.append(&e)
	}
	return f.merge(&e, parents)
}

// Skip passes over an entry that has no effect.
func (f *Fold) Skip() { f.versions, f.own = append(f.versions, f.version), append(f.own, -1) }

// past are the events that an entry follows.
func (f *Fold) past(e *Entry) ([]lv, error) {
	if e.Base < f.bar {
		return nil, fail(RebaseRequired, fmt.Sprintf("Its author has seen the log up to %d; it must be %d.", e.Base, f.bar))
	}
	if e.Base >= e.Offset {
		return nil, fail(BadOperation, "An entry cannot have seen itself.")
	}
	var events []lv
	if e.Base > f.bar {
		events = slices.Clone(f.versions[e.Base-f.bar-1])
	}
	if last, ok := f.last[e.Client]; ok && e.Client != "" {
		events = append(events, last)
	}
	for _, offset := range e.After {
		if offset <= f.bar || offset >= e.Offset {
			return nil, fail(BadOperation, "After names entries between the bar and this one.")
		}
		if own := f.own[offset-f.bar-1]; own >= 0 {
			events = append(events, own)
		}
	}
	return f.history.graph.dominators(events), nil
}

// append folds an entry whose author had seen all.
func (f *Fold) append(e *Entry) (Op, error) {
	if err := f.fits(&e.Op, f.Len()); err != nil {
		return nil, err
	}
	f.add(e, f.version)
	for _, s := range e.Op {
		f.text.splice(s)
	}
	return e.Op, nil
}

// fits returns an error if an operation does not fit a text of so many code
// points, or the text would be too long with it.
func (f *Fold) fits(op *Op, length int) error {
	after, err := op.check(length)
	if most := f.limits.Length; err == nil && most > 0 && after > length && f.Len()+after-length > most {
		err = fail(LimitExceeded, fmt.Sprintf("The text would have %d code points; it may have %d.", f.Len()+after-length, most))
	}
	return err
}

// add puts an entry's events into the history.
func (f *Fold) add(e *Entry, parents []lv) {
	h := &f.history
	if e.Op.events() == 0 {
		f.Skip()
		return
	}
	start := h.end
	h.graph.add(start, parents)
	h.splices(e.Op)
	agent := h.agents.named(e.Client)
	h.agents.add(start, agent, h.agents.next(agent), h.end-start)
	f.last[e.Client] = h.end - 1
	f.version = h.graph.advance(f.version, span{start, h.end})
	f.versions, f.own = append(f.versions, f.version), append(f.own, h.end-1)
}

// merge folds an entry whose author had not seen all.
func (f *Fold) merge(e *Entry, parents []lv) (Op, error) {
	h := &f.history
	w := f.walker
	if w == nil {
		w = &walker{history: h, tracker: newTracker(0, f.barLength, h.agents.compare)}
		f.walker = w
	}
	_ = w.reach(h.end, nil) // what was folded without it, so it fits
	back, forth := h.graph.compare(w.version, parents)
	if f.moved = total(back) + total(forth); f.limits.Moves > 0 && f.moved > f.limits.Moves {
		return nil, fail(RebaseRequired, fmt.Sprintf("To see what its author saw, %d events move; %d may.", f.moved, f.limits.Moves))
	}
	w.shift(back, forth, parents)
	if err := f.fits(&e.Op, w.tracker.length()); err != nil {
		return nil, err
	}
	start := h.end
	f.add(e, parents)
	if h.end == start {
		return nil, nil
	}
	var op Op
	if err := w.reach(h.end, func(c edit) { op = op.with(c) }); err != nil {
		return nil, err
	}
	for _, s := range op {
		f.text.splice(s)
	}
	return op, nil
}

// Excise returns what operations that follow each other become if one of them,
// the first to be counted 0, has no effect: those before it as they were, and
// those behind it at the places where their text then is. The first is of a text
// of so many code points.
func Excise(ops []Op, without, length int) ([]Op, error) {
	n := length
	for _, op := range ops {
		var err error
		if n, err = op.check(n); err != nil {
			return nil, err
		}
	}
	var h history
	h.graph.add(0, nil)
	ends := make([]lv, len(ops))
	for i, op := range ops {
		h.splices(op)
		ends[i] = h.end
	}
	if h.end == 0 || without < 0 || without >= len(ops) {
		return ops, nil
	}
	w := walker{history: &h, tracker: newTracker(0, length, func(a, b lv) int { return a - b })}
	if err := w.reach(h.end, nil); err != nil {
		return nil, err
	}
	start := lv(0)
	if without > 0 {
		start = ends[without-1]
	}
	w.move(span{start, h.end}, true)
	result := slices.Clone(ops[:without+1])
	result[without] = nil
	for i := without + 1; i < len(ops); i++ {
		result = append(result, w.place(span{ends[i-1], ends[i]}))
	}
	return result, nil
}

// place puts events into the prepare state, and returns what that does to its
// text.
func (w *walker) place(s span) (op Op) {
	h, t := w.history, w.tracker
	h.each(s, func(i int, v lv, _, n int) {
		if h.ops[i].kind == inserted {
			for done := 0; done < n; {
				c := t.find(id(v + done))
				m := min(n-done, int(t.piece(c).n-c.offset))
				op = op.with(edit{at: t.prepared(c), text: h.text(i, v+done-h.ops[i].start, m)})
				t.moveInserted(v+done, m, 1)
				done += m
			}
			return
		}
		for k := range n {
			c := t.find(t.where[v+k-t.base])
			switch t.piece(c).state {
			case 0:
				continue // what has no effect inserted it
			case 1:
				op = op.with(edit{at: t.prepared(c), n: 1})
			}
			t.moveDeleted(v+k, 1, 1)
		}
	})
	return op
}
