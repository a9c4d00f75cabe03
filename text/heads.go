package text

import (
	"maps"
	"slices"
)

// heads are the events of a version as it grows: in few while they are few, as of
// most histories they are, else in many.
type heads struct {
	few  []lv
	many map[lv]struct{}
}

const mostFew = 32

func newHeads(version []lv) heads {
	var h heads
	for _, v := range version {
		h.add(v)
	}
	return h
}

func (h *heads) add(v lv) {
	switch {
	case h.many != nil:
		h.many[v] = struct{}{}
	case len(h.few) < mostFew:
		h.few = append(h.few, v)
	default:
		h.many = make(map[lv]struct{}, 2*mostFew)
		for _, v := range h.few {
			h.many[v] = struct{}{}
		}
		h.many[v] = struct{}{}
	}
}

// follow adds the first events of a span that follow each other, and returns
// their end.
func (h *heads) follow(g *graph, s span) lv {
	next := g.stretch(s.start, s.end)
	if parents := g.parents(s.start); h.many != nil {
		for _, p := range parents {
			delete(h.many, p)
		}
	} else {
		h.few = slices.DeleteFunc(h.few, func(v lv) bool { return slices.Contains(parents, v) })
	}
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
	slices.Sort(h.few)
	return h.few
}

// advance is the version that a version becomes by the events of a span, the
// next one whose causes are all in it.
func (g *graph) advance(version []lv, s span) []lv {
	heads := newHeads(version)
	for s.start < s.end {
		s.start = heads.follow(g, s)
	}
	return heads.sorted()
}
