package text

// whole walks a history from its first event on, which comes before any text, by
// one tracker, and returns the version after it and the text, which is then made
// in one pass. It is for a history that branches early: what comes before that the
// tracker would hold for nothing (see walk).
func (h *history) whole(near *nearby) (version []lv, text string, err error) {
	w := newWalker(h, -1)
	if err := w.reach(h.end, nil); err != nil {
		return nil, "", err
	}
	if h.end <= mostKept {
		near.walker, near.limit = w, max(maxNear, 2*h.end)
	}
	starts := h.starts()
	b := make([]byte, 0, len(h.content))
	w.tracker.each(func(p *piece) {
		if !p.gone {
			b = append(b, h.content[starts[p.id]:starts[p.end()]]...)
		}
	})
	return h.graph.advance(nil, span{0, h.end}), string(b), nil
}

// mostKept is how many events a walker of all may have to be kept.
const mostKept = 4 * maxNear

// branchesEarly says whether less than half of the events come before the first
// branch.
func (h *history) branchesEarly() bool {
	lowest := h.graph.lowest(0)
	return len(lowest) > 1 && 2*(lowest[1]+1) < h.end
}

// starts are, of each event and of the end, where in the content begins what comes
// with it.
func (h *history) starts() []int32 {
	starts := make([]int32, h.end+1)
	for i := range h.ops {
		r := &h.ops[i]
		events := starts[r.start:h.opsEnd(i)]
		at := int32(r.content)
		for k := range events {
			events[k] = at
			if r.kind == inserted {
				for at++; int(at) < len(h.content) && first[h.content[at]] == 0; at++ {
				}
			}
		}
	}
	starts[h.end] = int32(len(h.content))
	return starts
}
