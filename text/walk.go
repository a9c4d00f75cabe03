package text

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// edit is a change of the current text: n code points behind at others are
// deleted, or text is put there.
type edit struct {
	at, n int
	text  string
}

// walk folds the events from start on into a text of so many code points that
// holds those before it, at version: it tells what becomes of the text, in order,
// and returns the version after it. What it replays for that it keeps in near, for
// the next time. An event at a position that its author's text did not have is an
// error; then what was told, and near, are void.
func (h *history) walk(version []lv, start lv, length int, near *nearby, tell func(edit)) ([]lv, error) {
	count := func(e edit) {
		if e.n > 0 {
			length -= e.n
		} else {
			length += utf8.RuneCountInString(e.text)
		}
		tell(e)
	}
	lowest := h.graph.lowest(start)
	for start < h.end {
		if slices.Equal(h.graph.parents(start), version) {
			s := h.graph.stretch(start, h.end)
			if err := h.plainly(s, &length, tell); err != nil {
				return nil, err
			}
			version, start = []lv{s.end - 1}, s.end
			continue
		}
		s, after := h.graph.meeting(version, span{start, h.end}, lowest)
		if err := h.concurrently(append(version, after...), s, lowest[h.graph.of(s.start)-len(h.graph.runs)+len(lowest)], near, count); err != nil {
			return nil, err
		}
		version, start = after, s.end
	}
	return version, nil
}

// meeting returns the first of some events, as far as all branches of them and of
// version meet again and nothing behind follows what is before that, and the
// version after them. lowest is as lowest returns it.
func (g *graph) meeting(version []lv, s span, lowest []lv) (span, []lv) {
	first := len(g.runs) - len(lowest)
	heads := newHeads(version, g.stretches(s))
	end := s.start
	for end < s.end {
		end = heads.follow(g, span{end, s.end})
		if heads.single() && (end == s.end || lowest[g.of(end)-first] >= end-1) {
			break
		}
	}
	return span{s.start, end}, heads.sorted()
}

// lowest are, of each run from that of start on, the lowest parent of its events
// and of those behind it.
func (g *graph) lowest(start lv) []lv {
	if len(g.runs) == 0 {
		return nil
	}
	first := g.of(start)
	lowest := make([]lv, len(g.runs)-first)
	low := int(^uint(0) >> 1)
	for i := len(g.runs) - 1; i >= first; i-- {
		if r := &g.runs[i]; len(r.parents) > 0 {
			low = min(low, r.parents[0])
		} else {
			low = -1
		}
		lowest[i-first] = low
	}
	return lowest
}

// nearby is the walker of the concurrent part of a history, which goes on from
// where it was while what comes follows the event before its tracker's.
type nearby struct {
	walker  *walker
	limit   int  // so many events it holds before a later beginning is looked for
	charged bool // as of its walkers
}

// maxNear is how many events are held near for a start.
const maxNear = 1 << 14

// holds is how many events it has to hold for the next one up to end.
func (n *nearby) holds(end lv) int {
	if n.walker == nil {
		return 0
	}
	return end - n.walker.tracker.base
}

// concurrently folds events that their authors made without knowing all others.
// version has the versions before and after them, and lowest is their lowest
// parent, or that of what is behind them.
func (h *history) concurrently(version []lv, s span, lowest lv, near *nearby, tell func(edit)) error {
	w := near.walker
	if w == nil || lowest < w.tracker.base-1 || near.holds(s.end) > near.limit {
		base := h.graph.base(version)
		if w == nil || base+1 != w.tracker.base {
			w = newWalker(h, base)
			w.charged = near.charged
		}
		near.walker, near.limit = w, max(maxNear, 2*near.holds(s.end))
	}
	if err := w.reach(s.start, nil); err != nil {
		return err
	}
	return w.reach(s.end, tell)
}

// stretch are the events from start on that follow each other, up to end.
func (g *graph) stretch(start, end lv) span {
	if i := g.of(start) + 1; i < len(g.runs) {
		end = min(end, g.runs[i].start)
	}
	return span{start, end}
}

// plainly tells events as their authors meant them: they saw all that is before.
func (h *history) plainly(s span, length *int, tell func(edit)) (err error) {
	h.each(s, func(i int, v lv, at, n int) {
		if err == nil {
			err = h.fits(i, v, at, n, *length)
		}
		switch {
		case err != nil:
		case h.ops[i].kind == inserted:
			*length += n
			tell(edit{at: at, text: h.text(i, v-h.ops[i].start, n)})
		default:
			*length -= n
			tell(edit{at: at, n: n})
		}
	})
	return err
}

// fits notes how long the text is to which events were applied, and returns an
// error if they do not fit it.
func (h *history) fits(i int, v lv, at, n, length int) error {
	r := &h.ops[i]
	if r.start == v {
		r.length = int32(length)
	}
	if r.kind == inserted {
		if at > length {
			return fail(BadUpdate, "Text is put behind the end.")
		}
		if length+n > MaxLength {
			return fail(LimitExceeded, fmt.Sprintf("A text has at most %d code points.", MaxLength))
		}
	} else if at+n > length {
		return fail(BadUpdate, "More is deleted than there is.")
	}
	return nil
}

// each calls fn with the parts of runs of ops that events are: the run, the
// first event, its position (of erased ones the lowest), and how many they are.
func (h *history) each(s span, fn func(i int, v lv, at, n int)) {
	for i := h.opsFrom(s.start); s.start < s.end; i++ {
		at, n := h.part(i, s)
		fn(i, s.start, at, n)
		s.start += n
	}
}

// part is the position of the first of some events, of which a run of ops has n.
func (h *history) part(i int, s span) (at, n int) {
	r := &h.ops[i]
	end := h.opsEnd(i)
	at, n = int(r.at), min(end, s.end)-s.start
	switch r.kind {
	case inserted:
		at += s.start - r.start
	case erased:
		at += end - s.start - n
	}
	return at, n
}

// arrange puts events into an order in which each comes behind its causes, and
// branches stay together: as spans of which only the first event may follow
// something else than the one before it.
func (g *graph) arrange(s span) []span {
	first := g.of(s.start)
	pieces := make([]span, 0, g.of(s.end-1)+1-first)
	for s.start < s.end {
		p := g.stretch(s.start, s.end)
		pieces = append(pieces, p)
		s.start = p.end
	}
	if len(pieces) < 3 {
		return pieces
	}
	// What follows a piece is a list, the latest first: it begins with one more
	// than an index of links.
	type link struct{ piece, next int32 }
	waits := make([]int32, len(pieces)) // for so many parents
	heads := make([]int32, len(pieces))
	links := make([]link, 0, len(pieces))
	ready := make([]int32, 0, len(pieces))
	for i, p := range pieces {
		for _, parent := range g.parents(p.start) {
			if parent < pieces[0].start {
				continue
			}
			j := g.of(parent) - first
			links = append(links, link{int32(i), heads[j]})
			heads[j] = int32(len(links))
			waits[i]++
		}
		if waits[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	slices.Reverse(ready)
	order := make([]span, 0, len(pieces))
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		order = append(order, pieces[i])
		for k := heads[i]; k > 0; k = links[k-1].next {
			child := links[k-1].piece
			if waits[child]--; waits[child] == 0 {
				ready = append(ready, child)
			}
		}
	}
	return order
}
