package text

import "slices"

// edit is a change of the current text: n code points behind at others are
// deleted, or text is put there.
type edit struct {
	at, n int
	text  string
}

// walk folds the events from start on into a text that holds those before it, at
// version: it tells what becomes of the text, in order, and returns the version
// after it.
func (h *history) walk(version []lv, start lv, tell func(edit)) []lv {
	for start < h.end {
		s := h.graph.stretch(start, h.end)
		if !slices.Equal(h.graph.parents(start), version) {
			break
		}
		h.plainly(s, tell)
		version = []lv{s.end - 1}
		start = s.end
	}
	if start == h.end {
		return version
	}
	after := h.graph.advance(slices.Clone(version), span{start, h.end})
	base, events := h.graph.zone(append(slices.Clone(version), after...))
	w := walker{history: h, tracker: newTracker(events[0].start, h.agents.compare)}
	w.tracker.where = make([]int32, h.end-events[0].start)
	if base >= 0 {
		w.version = []lv{base}
	}
	var old, fresh []span
	for _, s := range events {
		if s.start < start {
			old = append(old, span{s.start, min(s.end, start)})
		}
		if s.end > start {
			fresh = append(fresh, span{max(s.start, start), s.end})
		}
	}
	for _, s := range h.graph.arrange(old) {
		w.apply(s, func(edit) {})
	}
	for _, s := range h.graph.arrange(fresh) {
		w.apply(s, tell)
	}
	return after
}

// stretch are the events from start on that follow each other, up to end.
func (g *graph) stretch(start, end lv) span {
	if i := g.of(start) + 1; i < len(g.runs) {
		end = min(end, g.runs[i].start)
	}
	return span{start, end}
}

// plainly tells events as their authors meant them: they saw all that is before.
func (h *history) plainly(s span, tell func(edit)) {
	h.each(s, func(i int, v lv, at, n int) {
		if h.ops[i].kind == inserted {
			tell(edit{at: at, text: h.text(i, v-h.ops[i].start, n)})
		} else {
			tell(edit{at: at, n: n})
		}
	})
}

// each calls fn with the parts of runs of ops that events are: the run, the
// first event, its position (of erased ones the lowest), and how many they are.
func (h *history) each(s span, fn func(i int, v lv, at, n int)) {
	for i := h.opsFrom(s.start); s.start < s.end; i++ {
		r := &h.ops[i]
		n := min(h.opsEnd(i), s.end) - s.start
		at := int(r.at)
		switch r.kind {
		case inserted:
			at += s.start - r.start
		case erased:
			at += h.opsEnd(i) - s.start - n
		}
		fn(i, s.start, at, n)
		s.start += n
	}
}

// arrange puts events into an order in which each comes behind its causes, and
// branches stay together: as spans of which only the first event may follow
// something else than the one before it.
func (g *graph) arrange(spans []span) []span {
	var pieces []span
	for _, s := range spans {
		for s.start < s.end {
			p := g.stretch(s.start, s.end)
			pieces = append(pieces, p)
			s.start = p.end
		}
	}
	if len(pieces) < 3 {
		return pieces
	}
	waits := make([]int, len(pieces)) // for so many parents
	children := make([][]int, len(pieces))
	var ready []int
	for i, p := range pieces {
		for _, parent := range g.parents(p.start) {
			j, _ := slices.BinarySearchFunc(pieces[:i], parent+1, func(p span, v lv) int { return p.start - v })
			if j--; j >= 0 && parent < pieces[j].end {
				waits[i]++
				children[j] = append(children[j], i)
			}
		}
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	slices.Reverse(ready)
	order := make([]span, 0, len(pieces))
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		order = append(order, pieces[i])
		for _, child := range slices.Backward(children[i]) {
			if waits[child]--; waits[child] == 0 {
				ready = append(ready, child)
			}
		}
	}
	return order
}

// walker replays events in an order in which causes come first.
type walker struct {
	history *history
	tracker *tracker
	version []lv // of the prepare state
}

// apply applies events that follow each other.
func (w *walker) apply(s span, tell func(edit)) {
	w.visit(w.history.graph.parents(s.start))
	h := w.history
	h.each(s, func(i int, v lv, at, n int) {
		switch h.ops[i].kind {
		case inserted:
			tell(edit{at: w.tracker.insert(v, at, n), text: h.text(i, v-h.ops[i].start, n)})
		default:
			w.tracker.remove(v, at, n, h.ops[i].kind == erased, func(at, n int) { tell(edit{at: at, n: n}) })
		}
	})
	w.version = append(w.version[:0:0], s.end-1)
}

// visit moves the prepare state to a version.
func (w *walker) visit(version []lv) {
	back, forth := w.history.graph.compare(w.version, version)
	for _, s := range back {
		w.move(s, true)
	}
	for _, s := range slices.Backward(forth) {
		w.move(s, false)
	}
	w.version = version
}

func (w *walker) move(s span, back bool) {
	h := w.history
	type part struct {
		i, n int
		v    lv
	}
	var parts []part
	h.each(s, func(i int, v lv, _, n int) { parts = append(parts, part{i, n, v}) })
	if back {
		slices.Reverse(parts)
	}
	for _, p := range parts {
		switch {
		case h.ops[p.i].kind == inserted && back:
			w.tracker.moveInserted(p.v, p.n, 0)
		case h.ops[p.i].kind == inserted:
			w.tracker.moveInserted(p.v, p.n, 1)
		case back:
			w.tracker.moveDeleted(p.v, p.n, -1)
		default:
			w.tracker.moveDeleted(p.v, p.n, 1)
		}
	}
}
