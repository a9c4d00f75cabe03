package text

import "slices"

// maxSteps is how many edits can be undone at least.
const maxSteps = 1000

// CanUndo says whether there is an own edit that is not undone.
func (r *Replica) CanUndo() bool { return len(r.undos) > 0 }

// CanRedo says whether there is an undone edit that can be made again.
func (r *Replica) CanRedo() bool { return len(r.redos) > 0 }

// Undo takes back the latest Edit of this replica's that is not undone, and
// nobody else's work: of what it inserted, what is still there; of what it
// deleted, what no other has deleted too, each where it was. It is an edit like
// any other. It returns what it did; nothing if there was nothing to undo.
func (r *Replica) Undo() (Op, error) { return r.revert(&r.undos, &r.redos) }

// Redo takes back the latest Undo.
func (r *Replica) Redo() (Op, error) { return r.revert(&r.redos, &r.undos) }

func (r *Replica) revert(from, to *[]span) (Op, error) {
	for len(*from) > 0 {
		step := (*from)[len(*from)-1]
		op, copied, err := r.inverse(step)
		if err != nil {
			return nil, err
		}
		*from = (*from)[:len(*from)-1]
		if len(op) == 0 {
			continue
		}
		start := r.history.end
		if err := r.edit(op); err != nil {
			return nil, err
		}
		r.note(start, copied)
		*to = append(*to, span{start, r.history.end})
		return op, nil
	}
	return nil, nil
}

// remember makes the events from start on a step that can be undone.
func (r *Replica) remember(start lv) {
	r.redos = nil
	if len(r.undos) == 2*maxSteps { // seldom, as all others move
		r.undos = append(r.undos[:0], r.undos[maxSteps:]...)
	}
	r.undos = append(r.undos, span{start, r.history.end})
}

// note remembers of which code points those are copies that events from start on
// inserted.
func (r *Replica) note(start lv, copied []lv) {
	h := &r.history
	h.each(span{start, h.end}, func(i int, v lv, _, n int) {
		if h.ops[i].kind != inserted {
			return
		}
		for k := range n {
			r.copies[v+k] = copied[k]
		}
		copied = copied[n:]
	})
}

// isOf says whether a code point was inserted by a step, or is a copy of one that
// was.
func (r *Replica) isOf(v lv, step span) bool {
	for {
		if step.has(v) {
			return true
		}
		origin, ok := r.copies[v]
		if !ok {
			return false
		}
		v = origin
	}
}

// root is the code point that one is a copy of, in the end.
func (r *Replica) root(v lv) lv {
	for {
		origin, ok := r.copies[v]
		if !ok {
			return v
		}
		v = origin
	}
}

// inverse is the operation that takes events back, and of which events those are
// copies that it inserts.
func (r *Replica) inverse(step span) (op Op, copied []lv, err error) {
	w, err := r.replay()
	if err != nil {
		return nil, nil, err
	}
	h, t := &r.history, w.tracker
	restored := make(map[lv]bool)
	h.each(step, func(i int, v lv, _, n int) {
		if h.ops[i].kind != inserted {
			for _, x := range t.where[v:][:n] {
				restored[lv(x)] = true
			}
		}
	})
	ranks := r.ranks(t, restored)
	var text []lv // the visible code points up to here, as they will be
	t.each(func(p *piece) {
		for k := range p.n {
			v := lv(p.id + k)
			switch {
			case p.state == 1 && r.isOf(v, step):
				op = op.with(edit{at: len(text), n: 1})
			case p.state == 1:
				text = append(text, v)
			case p.state == 2 && restored[v]:
				at := len(text)
				for at > 0 && r.follows(text[at-1], v, ranks) {
					at--
				}
				op = op.with(edit{at: at, text: h.written(v, 1)})
				copied = append(copied, v)
				text = slices.Insert(text, at, v)
			}
		}
	})
	return op, copied, nil
}

// ranks are the places, among each other, of code points that are to be put back,
// and of those that copies stand for. A copy stands in front of what was deleted
// where it is, whatever its own place was.
func (r *Replica) ranks(t *tracker, restored map[lv]bool) map[lv]int {
	ranks := make(map[lv]int, len(restored)+len(r.copies))
	for v := range restored {
		ranks[r.root(v)] = 0
	}
	for v := range r.copies {
		ranks[r.root(v)] = 0
	}
	n := 0
	t.each(func(p *piece) {
		for k := range p.n {
			if _, ok := ranks[lv(p.id+k)]; ok {
				n++
				ranks[lv(p.id+k)] = n
			}
		}
	})
	return ranks
}

// follows says whether a code point that was put back belongs behind another.
func (r *Replica) follows(v, other lv, ranks map[lv]int) bool {
	return ranks[r.root(v)] > ranks[r.root(other)]
}
