package text

import (
	"slices"
	"testing"
)

// A session's own events are in its history before those that the log has first:
// what a version becomes by them stands in order, and what follows two heads takes
// both away.
func TestAdvance_by_events_before_a_head(t *testing.T) {
	var g graph
	g.add(0, nil)
	g.add(2, []lv{1}) // own
	g.add(4, []lv{1}) // another's, which comes first
	g.add(6, []lv{3, 5})
	for _, stretches := range [][]span{{{4, 6}, {2, 4}}, {{2, 4}, {4, 6}}} {
		version := []lv{1}
		for _, s := range stretches {
			version = g.advance(version, s)
		}
		if want := []lv{3, 5}; !slices.Equal(version, want) {
			t.Errorf("the version is %v, want %v", version, want)
		}
		if version, want := g.advance(version, span{6, 8}), []lv{7}; !slices.Equal(version, want) {
			t.Errorf("then it is %v, want %v", version, want)
		}
	}
}

// A version of many heads grows as one of few does.
func TestAdvance_of_many_heads(t *testing.T) {
	var g graph
	const n = 3 * mostFew
	for v := range n {
		g.add(v, nil)
	}
	var few []lv
	for v := range n {
		few = g.advance(few, span{v, v + 1})
	}
	many := g.advance(nil, span{0, n})
	if !slices.Equal(few, many) || len(few) != n {
		t.Errorf("they are %v and %v", few, many)
	}
	g.add(n, many)
	if version, want := g.advance(many, span{n, n + 1}), []lv{n}; !slices.Equal(version, want) {
		t.Errorf("then it is %v, want %v", version, want)
	}
}
