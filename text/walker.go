package text

import "slices"

// walker replays events in an order in which causes come first.
type walker struct {
	history *history
	tracker *tracker
	version []lv // of the prepare state
	charged bool // its events were folded before, and are few: a log's since its bar
}

// newWalker returns one for the events behind base, all of which follow it.
func newWalker(h *history, base lv) *walker {
	w := &walker{history: h, tracker: newTracker(base+1, h.length(base), h.agents.compare)}
	if base >= 0 {
		w.version = []lv{base}
	}
	return w
}

// reach applies the events that come next, up to end: limit_exceeded if that takes
// too many steps, unless they were charged.
func (w *walker) reach(end lv, tell func(edit)) error {
	g := &w.history.graph
	start, limit := w.tracker.grow(end), g.limit(len(w.history.ops))
	for _, s := range g.arrange(span{start, end}) {
		err := w.apply(s, tell)
		g.steps += w.tracker.steps
		w.tracker.steps = 0
		if err == nil && !w.charged {
			err = g.within(limit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// apply applies events that follow each other. tell is nil if nobody need know.
func (w *walker) apply(s span, tell func(edit)) error {
	h, t := w.history, w.tracker
	w.visit(h.graph.parents(s.start))
	last := s.end - 1
	length := t.length()
	for i := h.opsFrom(s.start); s.start < s.end; i++ {
		at, n := h.part(i, s)
		if err := h.fits(i, s.start, at, n, length); err != nil {
			return err
		}
		switch r := &h.ops[i]; r.kind {
		case inserted:
			length += n
			if now := t.insert(s.start, at, n); tell != nil {
				tell(edit{at: now, text: h.text(i, s.start-r.start, n)})
			}
		default:
			length -= n
			t.remove(s.start, at, n, r.kind == erased, tell)
		}
		s.start += n
	}
	w.version = append(w.version[:0], last)
	return nil
}

// visit moves the prepare state to a version.
func (w *walker) visit(version []lv) {
	back, forth := w.history.graph.compare(w.version, version)
	w.shift(back, forth, version)
}

// shift takes events back from the prepare state, and puts others into it, which
// then is a version.
func (w *walker) shift(back, forth []span, version []lv) {
	for _, s := range back {
		w.move(s, true)
	}
	for _, s := range slices.Backward(forth) {
		w.move(s, false)
	}
	w.version = append(w.version[:0], version...)
}

// move takes events back from the prepare state, or puts them into it.
func (w *walker) move(s span, back bool) {
	h := w.history
	if !back {
		for i := h.opsFrom(s.start); s.start < s.end; i++ {
			n := min(h.opsEnd(i), s.end) - s.start
			w.moveRun(h.ops[i].kind, s.start, n, 1)
			s.start += n
		}
		return
	}
	for i := h.opsFrom(s.end - 1); s.start < s.end; i-- {
		from := max(h.ops[i].start, s.start)
		w.moveRun(h.ops[i].kind, from, s.end-from, -1)
		s.end = from
	}
}

// moveRun moves n events of a run of ops.
func (w *walker) moveRun(k kind, first lv, n int, by int32) {
	if k == inserted {
		w.tracker.moveInserted(first, n, max(by, 0))
	} else {
		w.tracker.moveDeleted(first, n, by)
	}
}
