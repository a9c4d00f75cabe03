package text

import "slices"

// lv is the local number of an event: one inserted or deleted code point. An
// event's causes have lower numbers. -1 is the empty text before all events.
type lv = int

// span is a range of events, its end excluded.
type span struct{ start, end lv }

func (s span) has(v lv) bool { return v >= s.start && v < s.end }

// graph is which event follows which. It holds runs of events, each of which
// follows the one before it.
type graph struct {
	runs   []run
	steps  int  // taken: runs and pieces that were looked at or moved
	finger int  // the run that was found last: the next one is mostly near
	room   []lv // for parents of runs, which are many and short

	// Of compare and dominators, used again by the next call.
	queue        queue
	onlyA, onlyB []span
}

// run are the events from start on, up to the next run's. The first follows
// parents, which are ascending, and none of which follows another.
type run struct {
	start   lv
	parents []lv
}

// add takes in the events from start to end, the next ones.
func (g *graph) add(start lv, parents []lv) {
	if start > 0 && len(parents) == 1 && parents[0] == start-1 {
		return
	}
	if len(g.room)+len(parents) > cap(g.room) {
		g.room = make([]lv, 0, max(len(parents), min(2*cap(g.room), 1<<10), 4))
	}
	from := len(g.room)
	g.room = append(g.room, parents...)
	g.runs = append(g.runs, run{start, g.room[from:len(g.room):len(g.room)]})
}

// reach is how many runs around the one that was found last are looked at first.
const reach = 8

// of returns the index of the run of an event.
func (g *graph) of(v lv) int {
	last := len(g.runs) - 1
	if last < 1 || g.runs[last].start <= v {
		return max(last, 0)
	}
	i := min(g.finger, last-1)
	for k := 0; k < reach && g.runs[i].start > v; k++ {
		i--
	}
	for k := 0; k < reach && g.runs[i+1].start <= v; k++ {
		i++
	}
	if g.runs[i].start > v || g.runs[i+1].start <= v {
		low, high := 0, last
		for low+1 < high {
			if middle := (low + high) / 2; g.runs[middle].start <= v {
				low = middle
			} else {
				high = middle
			}
		}
		i = low
	}
	g.finger = i
	return i
}

// parents are what an event follows directly.
func (g *graph) parents(v lv) []lv {
	if r := &g.runs[g.of(v)]; r.start == v {
		return r.parents
	}
	return []lv{v - 1}
}

// compare returns the events that are in the past of a alone, and of b alone,
// the versions themselves included: spans, the latest first. They hold until it is
// called again.
func (g *graph) compare(a, b []lv) (onlyA, onlyB []span) {
	if slices.Equal(a, b) {
		return nil, nil
	}
	q := g.queue.empty()
	onlyA, onlyB = g.onlyA[:0], g.onlyB[:0]
	for _, v := range a {
		q.push(v, left)
	}
	for _, v := range b {
		q.push(v, right)
	}
	note := func(s span, of side) {
		switch of {
		case left:
			onlyA = append(onlyA, s)
		case right:
			onlyB = append(onlyB, s)
		}
	}
	for len(q.events) > q.shared {
		g.steps++
		top := q.pop()
		r := &g.runs[g.of(top.v)]
		end, s := top.v+1, top.side
		for len(q.events) > 0 && q.events[0].v >= r.start {
			next := q.pop()
			if s|next.side != s {
				if next.v+1 < end {
					note(span{next.v + 1, end}, s)
				}
				end = next.v + 1
				s |= next.side
			}
		}
		note(span{r.start, end}, s)
		for _, p := range r.parents {
			q.push(p, s)
		}
	}
	g.onlyA, g.onlyB = onlyA, onlyB
	return onlyA, onlyB
}

// base returns the latest event that all of a version have in common as their
// past, or are, and that all else of their past is the past of, or follows; -1:
// there is none.
func (g *graph) base(version []lv) lv {
	q := g.queue.empty()
	for _, v := range version {
		q.push(v, both)
	}
	for len(q.events) > 0 {
		top := q.pop()
		for len(q.events) > 0 && q.events[0].v == top.v {
			q.pop()
		}
		if len(q.events) == 0 {
			return top.v
		}
		r := &g.runs[g.of(top.v)]
		if q.events[0].v >= r.start {
			continue
		}
		if len(r.parents) == 0 {
			break // nothing is common to what follows nothing
		}
		for _, p := range r.parents {
			q.push(p, both)
		}
	}
	return -1
}

// limit is how many steps may have been taken when what is about to be done is,
// on a history of so many runs of ops. Branches that part and meet with each
// event cost steps by the square of their number. Histories that people make
// take a few for each run.
func (g *graph) limit(runs int) int { return g.steps + 1<<18 + 64*(len(g.runs)+runs) }

// within returns limit_exceeded if more steps were taken.
func (g *graph) within(limit int) error {
	if g.steps > limit {
		return fail(LimitExceeded, "The branches of the history part and meet too often.")
	}
	return nil
}

// total is how many events spans have.
func total(spans []span) (n int) {
	for _, s := range spans {
		n += s.end - s.start
	}
	return n
}

// join makes one of spans that follow each other.
func join(spans []span) []span {
	n := 0
	for _, s := range spans {
		if n > 0 && spans[n-1].end == s.start {
			spans[n-1].end = s.end
			continue
		}
		spans[n] = s
		n++
	}
	return spans[:n]
}

// dominators are those of some events that are in no other's past, ascending, in
// the same slice.
func (g *graph) dominators(events []lv) []lv {
	if len(events) < 2 {
		return events
	}
	slices.Sort(events)
	events = slices.Compact(events)
	q := g.queue.empty()
	for _, v := range events {
		q.push(v, left)
	}
	found, lowest := events[:0], events[0]
	for len(q.events) > 0 && q.events[0].v >= lowest {
		g.steps++
		top := q.pop()
		s := top.side
		for len(q.events) > 0 && q.events[0].v == top.v {
			s |= q.pop().side
		}
		if s == left {
			found = append(found, top.v)
		}
		r := &g.runs[g.of(top.v)]
		// Whoever stands further down in the same run is in its past.
		for len(q.events) > 0 && q.events[0].v >= r.start {
			q.pop()
		}
		for _, p := range r.parents {
			q.push(p, right)
		}
	}
	slices.Sort(found)
	return found
}
