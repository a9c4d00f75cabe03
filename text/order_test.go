package text

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tuttisync/tutti/internal/naive"
)

// TestOrder_TEXT3 holds the order that the naive engine comes to, which scans as
// it inserts, against the tree that the paper of FugueMax describes: a code point
// hangs on the left of its right origin if that is right of its left origin's
// place in the tree, else on the right of its left origin.
func TestOrder_TEXT3(t *testing.T) {
	differ := 0
	for seed := range uint64(400) {
		n := &naive.Text{}
		drawHistory(rand.New(rand.NewPCG(seed, 17)), 60, func(x txn) { x.addToNaive(n) })
		if got, want := fugue(n, true), ids(n); !slices.Equal(got, want) {
			t.Fatalf("seed %d: the tree is %v, the list %v", seed, got, want)
		}
		if !slices.Equal(fugue(n, false), ids(n)) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("no history tells FugueMax from Fugue")
	}
}

// ids are the naive engine's items in their order.
func ids(n *naive.Text) (all []lv) {
	for _, it := range n.Items {
		all = append(all, it.ID)
	}
	return all
}

// fugue is the order of the tree. With furthest, those that hang on the right of one
// stand by their right origins, the furthest first.
func fugue(n *naive.Text, furthest bool) (order []lv) {
	type node struct{ left, right []*naive.Item }
	nodes, parent, onRight := make(map[lv]*node), make(map[lv]lv), make(map[lv]bool)
	nodes[-1] = &node{}
	for _, it := range slices.SortedFunc(slices.Values(n.Items), func(a, b *naive.Item) int { return a.ID - b.ID }) {
		nodes[it.ID] = &node{}
		if beneath := func() bool { // the right origin is right of the left one in the tree
			for v := it.Right; v >= 0; v = parent[v] {
				if parent[v] == it.Left {
					return onRight[v]
				}
			}
			return false
		}(); it.Right >= 0 && beneath {
			parent[it.ID] = it.Right
			nodes[it.Right].left = append(nodes[it.Right].left, it)
		} else {
			parent[it.ID], onRight[it.ID] = it.Left, true
			nodes[it.Left].right = append(nodes[it.Left].right, it)
		}
	}
	place := func(right lv) int {
		if right < 0 {
			return len(n.Items)
		}
		return n.Index(right)
	}
	byName := func(a, b *naive.Item) int { return n.Compare(a.ID, b.ID) }
	var walk func(v lv)
	walk = func(v lv) {
		at := nodes[v]
		slices.SortFunc(at.left, byName)
		slices.SortFunc(at.right, func(a, b *naive.Item) int {
			if furthest {
				return cmp.Or(place(b.Right)-place(a.Right), byName(a, b))
			}
			return byName(a, b)
		})
		for _, it := range at.left {
			walk(it.ID)
		}
		if v >= 0 {
			order = append(order, v)
		}
		for _, it := range at.right {
			walk(it.ID)
		}
	}
	walk(-1)
	return order
}

func ExampleReplica_Merge_order() {
	// Ann's a and bob's b stand side by side; ann goes on between them, and cyd
	// behind a, not knowing of b. FugueMax puts the one whose right origin is
	// further away first.
	ann, bob := New("ann"), New("bob")
	_ = ann.Insert(0, "a")
	cyd, _ := ann.Clone("cyd")
	_ = bob.Insert(0, "b")
	update, _ := bob.Since(nil)
	_, _ = ann.Merge(update)
	_ = ann.Insert(1, "x")
	_ = cyd.Insert(1, "y")
	update, _ = cyd.Since(nil)
	_, _ = ann.Merge(update)
	fmt.Println(ann)
	// Output: ayxb
}
