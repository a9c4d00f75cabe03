package text

import (
	"maps"
	"math"
	"slices"
)

// heads are the events of a version as it grows: ascending in few, while they are
// few or few stretches are added, else in many.
type heads struct {
	few  []lv
	many map[lv]struct{}
	most int // of few
}

const mostFew = 32

// newHeads are those of a version to which so many stretches are added.
func newHeads(version []lv, stretches int) heads {
	h := heads{few: slices.Clone(version), most: mostFew}
	if stretches <= mostFew {
		h.most = math.MaxInt
	}
	return h
}

// add adds an event, which in most cases is behind all.
func (h *heads) add(v lv) {
	if h.many == nil && len(h.few) >= h.most {
		h.many = make(map[lv]struct{}, 2*len(h.few))
		for _, v := range h.few {
			h.many[v] = struct{}{}
		}
	}
	if h.many != nil {
		h.many[v] = struct{}{}
	} else {
		i, _ := slices.BinarySearch(h.few, v)
		h.few = slices.Insert(h.few, i, v)
	}
}

// remove takes out ascending events that are in it.
func (h *heads) remove(events []lv) {
	if h.many != nil {
		for _, v := range events {
			delete(h.many, v)
		}
		return
	}
	h.few = slices.DeleteFunc(h.few, func(v lv) bool {
		for len(events) > 0 && events[0] < v {
			events = events[1:]
		}
		return len(events) > 0 && events[0] == v
	})
}

// follow adds the first events of a span that follow each other, and returns
// their end.
func (h *heads) follow(g *graph, s span) lv {
	next := g.stretch(s.start, s.end)
	h.remove(g.parents(s.start))
	h.add(next.end - 1)
	return next.end
}

// single says whether there is one alone.
func (h *heads) single() bool {
	if h.many != nil {
		return len(h.many) == 1
	}
	return len(h.few) == 1
}

func (h *heads) sorted() []lv {
	if h.many != nil {
		return slices.Sorted(maps.Keys(h.many))
	}
	return h.few
}

// advance is the version that a version becomes by the events of a span, the
// next one whose causes are all in it.
func (g *graph) advance(version []lv, s span) []lv {
	heads := newHeads(version, g.stretches(s))
	for s.start < s.end {
		s.start = heads.follow(g, s)
	}
	return heads.sorted()
}

// stretches is of how many stretches a span is.
func (g *graph) stretches(s span) int { return g.of(s.end-1) - g.of(s.start) + 1 }
