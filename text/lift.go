package text

import (
	"slices"
	"unicode/utf8"
)

// fate is what becomes of a pending operation when those behind it are said anew.
type fate int

const (
	settled fate = iota // it stays as it is, and others follow it
	kept                // it is said anew, unless that says the same
	dropped             // it has no effect any more
)

// all keeps every pending operation.
func all(int, *pending) fate { return kept }

// lifted is what is pending, lifted off the text beneath it.
type lifted struct {
	base   string     // the text of the log and what is settled
	kept   []*pending // with new operations, the first of which is one of that text
	change Op         // what becomes of the text that is shown
}

// lift says what is pending anew, by its fates: as of the newest entry and what is
// settled. The walker is of no use then.
func (s *Session) lift(of func(i int, p *pending) fate) (l lifted) {
	if len(s.pending) == 0 {
		l.base = s.String()
		return l
	}
	if s.inLine(of) {
		return s.unstack(of)
	}
	w := s.whole()
	buried := s.buried()
	w.visit(s.sequence.version(s.Offset()))
	for i, p := range s.pending {
		if of(i, p) == settled {
			w.place(p.events)
		}
	}
	l.base, _ = Apply(s.String(), w.difference(buried))
	same := true // what is beneath
	for i, p := range s.pending {
		switch of(i, p) {
		case kept:
			q := *p
			if op := w.place(p.events); !same || p.Base < s.Offset() {
				q.Op = op
			}
			l.kept = append(l.kept, &q)
		case dropped:
			same = false
		}
	}
	l.change = w.difference(buried)
	s.walker = nil
	return l
}

// inLine says whether what is pending follows the log and each other with nothing
// concurrent, so that it says the same as of the newest entry; and none is dropped,
// or settled behind one that is not.
func (s *Session) inLine(of func(i int, p *pending) fate) bool {
	tip, before := s.sequence.version(s.Offset()), settled
	for i, p := range s.pending {
		f := of(i, p)
		if f == dropped || f < before {
			return false
		}
		before = f
		if p.events.start == p.events.end {
			continue
		}
		if !slices.Equal(s.sequence.history.graph.parents(p.events.start), tip) {
			return false
		}
		tip = []lv{p.events.end - 1}
	}
	return true
}

// unstack lifts what is pending, where it is in line: it takes that back from the
// text that is shown.
func (s *Session) unstack(of func(i int, p *pending) fate) (l lifted) {
	h, text := &s.sequence.history, newRope(s.String())
	for i, p := range slices.Backward(s.pending) {
		if of(i, p) != kept {
			break
		}
		var back Op
		removed := p.removed
		h.each(p.events, func(i int, _ lv, at, n int) {
			if h.ops[i].kind == inserted {
				back = append(back, Splice{At: at, Delete: n})
				return
			}
			gone := slices.Clone(removed[:n])
			if h.ops[i].kind == erased {
				slices.Reverse(gone)
			}
			back = append(back, Splice{At: at, Insert: string(gone)})
			removed = removed[n:]
		})
		for _, splice := range slices.Backward(back) {
			text.splice(splice)
		}
		q := *p
		if p.Base < s.Offset() {
			q.Op = h.op(p.events)
		}
		l.kept = append(l.kept, &q)
	}
	slices.Reverse(l.kept)
	l.base = text.String()
	return l
}

// settle puts a history in place: a log's, what stays as it is on top, and what
// was lifted.
func (s *Session) settle(log sequence, stay []*pending, l lifted) {
	before := s.sequence.history
	s.sequence, s.walker, s.pending = log, nil, nil
	graph := &s.sequence.history.graph
	for _, p := range stay {
		parents := s.with(s.sequence.version(p.Base), len(s.pending))
		if last, ok := s.sequence.last[s.client]; ok {
			parents = append(slices.Clone(parents), last)
		}
		was := p.events
		p.events = span{}
		s.enter(p, graph.dominators(parents), func(h *history) { h.copy(&before, was) })
		s.pending = append(s.pending, p)
	}
	text := newRope(l.base)
	for _, p := range l.kept {
		p.Base, p.events, p.removed = s.Offset(), span{}, text.turn(p.Op).inserted()
		s.enter(p, s.version(len(s.pending)), func(h *history) { h.splices(p.Op) })
		s.pending = append(s.pending, p)
	}
}

// buried is what pending operations have deleted, by ids.
func (s *Session) buried() map[id]rune {
	buried := make(map[id]rune)
	h, t := &s.sequence.history, s.whole().tracker
	for _, p := range s.pending {
		removed := p.removed
		h.each(p.events, func(i int, v lv, _, n int) {
			if h.ops[i].kind == inserted {
				return
			}
			for k := range n {
				buried[t.where[v+k-t.base]] = removed[k]
			}
			removed = removed[n:]
		})
	}
	return buried
}

// difference is what makes the text of the prepare state of that of the effect
// state. Of what is there in the one alone, buried has those code points that no
// event inserted.
func (w *walker) difference(buried map[id]rune) (op Op) {
	at := 0
	w.tracker.each(func(p *piece) {
		was, is := p.effective() > 0, p.prepared() > 0
		switch {
		case was && !is:
			op = op.with(edit{at: at, n: int(p.n)})
		case is && !was:
			op = op.with(edit{at: at, text: w.content(p, buried)})
		}
		at += int(p.prepared())
	})
	return op
}

// content is the text of a piece.
func (w *walker) content(p *piece, buried map[id]rune) string {
	if p.id < underwater {
		return w.history.written(lv(p.id), int(p.n))
	}
	var text []byte
	for k := range p.n {
		text = utf8.AppendRune(text, buried[p.id+k])
	}
	return string(text)
}
