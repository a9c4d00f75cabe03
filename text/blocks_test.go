package text

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Blocks hold what a slice holds that is kept in order.
func TestBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 23))
	var b blocks[int]
	var sorted []int
	for range 5000 {
		v := random.IntN(2000)
		at := b.first(func(w *int) bool { return *w >= v })
		i, found := slices.BinarySearch(sorted, v)
		if before := b.before(at); i == 0 != (before == nil) || before != nil && *before != sorted[i-1] {
			t.Fatalf("in front of %d is %v", v, before)
		}
		if next := b.at(at); i == len(sorted) != (next == nil) || next != nil && *next != sorted[i] {
			t.Fatalf("the next from %d on is %v", v, next)
		}
		switch {
		case found && random.IntN(3) > 0:
			b.remove(at)
			sorted = slices.Delete(sorted, i, i+1)
		case i == len(sorted) && random.IntN(2) == 0:
			b.append(v)
			sorted = append(sorted, v)
		default:
			b.insert(at, v)
			sorted = slices.Insert(sorted, i, v)
		}
		if last := b.last(); len(sorted) == 0 != (last == nil) || last != nil && *last != sorted[len(sorted)-1] {
			t.Fatalf("the last is %v", last)
		}
	}
	var all []int
	for v := range b.all() {
		all = append(all, *v)
	}
	if !slices.Equal(all, sorted) {
		t.Error("they are not in order")
	}
}
