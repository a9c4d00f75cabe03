package presence

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is what a room shows of each client, in no order.
func seen(r *Room) map[string]string {
	all := map[string]string{}
	for client, m := range r.members {
		all[client] = fmt.Sprint(m.lease.node, m.lease.run, m.lease.name, string(m.lease.state))
	}
	return all
}

// Three nodes tell each other what they know, late, twice, or not at all for a
// while. In the end all show the same; and a node that has gone leaves no ghost.
func TestDelta_nodes_agree(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 9))
		rooms := map[string]*Room{}
		names := []string{"x", "y", "z"}
		for _, name := range names {
			config := settings
			config.Node = name
			rooms[name] = New(config)
		}
		var now int64
		var late []Delta
		for range 300 {
			from, to := rooms[names[random.IntN(3)]], rooms[names[random.IntN(3)]]
			act(random, from, &now)
			d := from.Delta(to.Known(from.config.Node))
			switch random.IntN(4) {
			case 0:
				late = append(late, d)
			case 1:
				to.Merge(now, d)
				to.Merge(now, d)
			case 2:
				if len(late) > 0 {
					to.Merge(now, late[random.IntN(len(late))])
				}
			}
			check(t, to)
		}
		for _, to := range names {
			for _, from := range names {
				if !rooms[to].Merge(now, rooms[from].Delta(rooms[to].Known(from))) {
					t.Fatalf("seed %d: what %s knows of %s cannot be brought on", seed, to, from)
				}
			}
		}
		for _, name := range names[1:] {
			if d := cmp.Diff(seen(rooms["x"]), seen(rooms[name])); d != "" {
				t.Fatalf("seed %d: x and %s differ: %s", seed, name, d)
			}
			if rooms["x"].Users() != rooms[name].Users() {
				t.Fatalf("seed %d: x and %s count other users", seed, name)
			}
		}
		rooms["x"].Forget(now, "y")
		rooms["x"].Forget(now, "z")
		own := slices.Collect(maps.Values(rooms["x"].members))
		if slices.ContainsFunc(own, func(m *member) bool { return m.lease.node != "x" || len(m.more) > 0 }) {
			t.Fatalf("seed %d: nodes have gone, and left ghosts", seed)
		}
		check(t, rooms["x"])
	}
}

// A delta in the middle of which something is missing is not taken.
func TestDelta_a_gap_is_noticed(t *testing.T) {
	x, y := New(Config{Node: "x", Grace: 1, Lease: 1, List: 9}), New(Config{Node: "y", Grace: 1, Lease: 1, List: 9})
	enter(t, x, 0, Entry{Client: "a"})
	first := x.Delta(0)
	enter(t, x, 0, Entry{Client: "b"})
	second := x.Delta(first.To)
	if y.Merge(0, second) {
		t.Error("what comes behind a gap was taken")
	}
	if !y.Merge(0, x.Delta(y.Known("x"))) || y.Count() != 2 {
		t.Errorf("%d members", y.Count())
	}
}
