package text

import (
	"fmt"
	"slices"
)

// Limits are what one entry may be. What is 0 has no limit of its own.
type Limits struct {
	Length  int // code points that the text has after it: limit_exceeded
	Splices int // of its operation: limit_exceeded
	Moves   int // what Fold.Moved tells: rebase_required
}

// Fold is a text made of a sequencer's log, entry by entry. It holds the history
// since its bar alone: an entry whose author had not seen all up to there cannot
// be folded. It is not safe for concurrent use.
//
// A sequencer that may fail to append what it has folded calls Try first: what
// comes then is tentative, until Keep or TakeBack.
type Fold struct {
	limits   Limits
	sequence sequence
	text     *rope
	walker   *walker // while events are concurrent
	moved    int

	trying    bool
	tentative []tried
}

// Limit sets what entries may be from now on.
func (f *Fold) Limit(limits Limits) { f.limits = limits }

// NewFold returns the fold of a log up to an offset, which made this text: that
// is its bar.
func NewFold(text string, offset uint64, limits Limits) *Fold {
	r := newRope(text)
	return &Fold{limits: limits, text: r, sequence: newSequence(offset, r.size.runes)}
}

// Len is how many code points the text has.
func (f *Fold) Len() int { return f.text.size.runes }

// Bytes is how many bytes the text has.
func (f *Fold) Bytes() int { return f.text.size.bytes }

// String is the text.
func (f *Fold) String() string { return f.text.String() }

// Offset is that of the newest entry.
func (f *Fold) Offset() uint64 { return f.sequence.offset() }

// Bar is the offset up to which every entry's author must have seen the log (rule
// TEXT-8 of spec/text.md).
func (f *Fold) Bar() uint64 { return f.sequence.bar.offset }

// Held is how many entries and events are held.
func (f *Fold) Held() (entries, events int) { return len(f.sequence.entries), f.sequence.history.end }

// Moved is how many events the latest entry made the fold take back and put in
// again, to see the text as its author did: what it cost beyond its own size.
func (f *Fold) Moved() int { return f.moved }

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
	parents, err := f.sequence.past(&e)
	if err != nil {
		return nil, err
	}
	if slices.Equal(parents, f.sequence.version(f.Offset())) {
		err = f.fits(e.Op, f.Len())
	} else {
		err = f.visit(&e, parents)
	}
	if err != nil {
		return nil, err
	}
	effect := f.apply(&e, parents)
	f.end()
	return effect, nil
}

// Skip passes over an entry that has no effect.
func (f *Fold) Skip() {
	f.begin("")
	f.sequence.skip()
	f.end()
}

// SkipTo passes over entries that have no effect, up to an offset.
func (f *Fold) SkipTo(offset uint64) {
	for f.Offset() < offset {
		f.Skip()
	}
}

// end ends an entry: it may be a bar.
func (f *Fold) end() {
	if f.sequence.due() {
		f.raise()
	}
}

// raise makes the newest entry the bar, and drops what is held for those before
// it, unless that is tentative.
func (f *Fold) raise() {
	f.sequence.bar = bar{offset: f.Offset(), length: f.Len()}
	f.trim()
}

func (f *Fold) trim() {
	if s := &f.sequence; s.start < s.bar.offset && !f.trying {
		f.sequence, f.walker = s.again(), nil
	}
}

// visit brings the walker to the version that an entry's author saw, unless it
// moves too much or the operation does not fit.
func (f *Fold) visit(e *Entry, parents []lv) error {
	h := &f.sequence.history
	w := f.walker
	if w == nil {
		w = newWalker(h, -1)
		w.charged, f.walker = true, w
	}
	_ = w.reach(h.end, nil) // what was folded without it, so it fits
	back, forth := h.graph.compare(w.version, parents)
	if f.moved = total(back) + total(forth); f.limits.Moves > 0 && f.moved > f.limits.Moves {
		return fail(RebaseRequired, fmt.Sprintf("To see what its author saw, %d events move; %d may.", f.moved, f.limits.Moves))
	}
	w.shift(back, forth, parents)
	return f.fits(e.Op, w.tracker.length())
}

// fits returns an error if an operation does not fit a text of so many code
// points, or the text would be too long with it.
func (f *Fold) fits(op Op, length int) error {
	after, err := op.check(length)
	if most := f.limits.Length; err == nil && most > 0 && after > length && f.Len()+after-length > most {
		err = fail(LimitExceeded, fmt.Sprintf("The text would have %d code points; it may have %d.", f.Len()+after-length, most))
	}
	return err
}

// apply folds an entry that fits.
func (f *Fold) apply(e *Entry, parents []lv) Op {
	s := &f.sequence
	all := slices.Equal(parents, s.version(s.offset()))
	t := f.begin(e.Client)
	if e.Op.events() == 0 {
		s.skip()
		return nil
	}
	s.add(e, parents)
	op := e.Op
	if !all {
		op = nil
		_ = f.walker.reach(s.history.end, func(c edit) { op = op.with(c) })
	}
	for _, splice := range op {
		if t != nil {
			t.inverse = append(t.inverse, f.text.inverse(splice))
		}
		f.text.splice(splice)
	}
	return op
}
