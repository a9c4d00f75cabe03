package text

import "slices"

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
