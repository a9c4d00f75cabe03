package text

import (
	"slices"
	"testing"
)

// An agent's events may come out of their order; what continues them is counted
// to the right ones.
func TestAgents_out_of_order(t *testing.T) {
	var a agents
	ann, bob := a.named("ann"), a.named("bob")
	a.add(0, ann, 5, 2)
	a.add(2, bob, 0, 1)
	a.add(3, ann, 0, 2)
	a.add(5, ann, 2, 1)
	if want := []agentRun{{3, ann, 0, 3}, {0, ann, 5, 2}}; !slices.Equal(slices.Concat(a.own[ann].list...), want) {
		t.Errorf("they are %v, want %v", a.own[ann].list, want)
	}
	a.truncate(4, 2)
	if want := []agentRun{{3, ann, 0, 1}, {0, ann, 5, 2}}; !slices.Equal(slices.Concat(a.own[ann].list...), want) {
		t.Errorf("truncated they are %v, want %v", a.own[ann].list, want)
	}
}
