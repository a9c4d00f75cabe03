package core

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// happened is one thing that roads was told, in the words of spec/client.md.
type happened struct {
	what   string // live, fair, cut, hung, network, first, try, climb
	road   string // that was in turn, or was tried
	stable bool
}

// naiveTurn finds the road in turn by reading the whole history, anew each
// time.
func naiveTurn(all []string, first string, history []happened) string {
	turn, count := first, 0
	next := func() { turn, count = all[(slices.Index(all, turn)+1)%len(all)], 0 }
	for i, h := range history {
		switch h.what {
		case "fair":
			count = 0
		case "hung":
			next()
		case "cut":
			count++
			if count == 3 || !naiveKnown(turn, history[:i]) {
				next()
			}
		case "first":
			turn, count = all[0], 0
		case "climb":
			turn, count = h.road, 0
		}
	}
	return turn
}

// naiveKnown says whether a connection over the road was live since the last
// change of the network.
func naiveKnown(road string, history []happened) bool {
	known := false
	for _, h := range history {
		known = h.what != "network" && (known || h.what == "live" && h.road == road)
	}
	return known
}

// naiveTries counts the tries since n was last 0.
func naiveTries(best string, history []happened) int {
	n := 0
	for _, h := range history {
		switch {
		case h.what == "try":
			n++
		case h.what == "network", h.stable && h.road == best:
			n = 0
		}
	}
	return n
}

// TestRoadsTwin tells roads anything that may happen and compares it with a
// reading of the whole history.
func TestRoadsTwin(t *testing.T) {
	t.Run("CONN-11,CONN-12_twin", rapid.MakeCheck(func(t *rapid.T) {
		all := rapid.SampledFrom(modelRoads).Draw(t, "roads")
		first := rapid.SampledFrom(all).Draw(t, "first")
		r := newRoads(all, first)
		var history []happened
		live, now := false, int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "things") {
			was := r.name()
			now += rapid.Int64Range(0, 100_000).Draw(t, "time")
			switch what := rapid.SampledFrom([]string{
				"attempt", "attempt", "attempt", "attempt", "end", "end", "end", "try", "tried", "network", "first",
			}).Draw(t, "what"); {
			case what == "attempt" && !live:
				if how := rapid.SampledFrom([]string{"live", "fair", "cut", "cut", "cut", "hung"}).Draw(t, "how"); how == "live" {
					live = true
					random := rapid.Float64Range(0, 0.999).Draw(t, "random")
					r.live(now, func() float64 { return random })
					checkPlan(t, &r, now, random, naiveTries(all[0], history))
					history = append(history, happened{what: "live", road: was})
				} else {
					r.ended(map[string]ending{"fair": endFair, "cut": endCut, "hung": endHung}[how], false)
					history = append(history, happened{what: how, road: was})
				}
			case what == "end" && live:
				live = false
				stable := rapid.Bool().Draw(t, "stable")
				how := "fair"
				if !stable && rapid.Bool().Draw(t, "cut") {
					how = "cut"
				}
				r.ended(map[string]ending{"fair": endFair, "cut": endCut}[how], stable)
				history = append(history, happened{what: how, road: was, stable: stable})
			case what == "try" && live:
				better, out := slices.Index(all, was), r.out
				road, ok := r.try()
				if ok != (better > 0 && out < 0) {
					t.Fatalf("a try on %s with %d out: %v", was, out, ok)
				}
				if !ok {
					break
				}
				if want := all[naiveTries(all[0], history)%better]; road != want || r.due != Never {
					t.Fatalf("tries %s, not %s; the next is due at %d", road, want, r.due)
				}
				history = append(history, happened{what: "try", road: road})
			case what == "tried" && live && r.out >= 0:
				out := r.out
				if r.tried("none") || !r.tried(all[out]) || r.tried(all[out]) {
					t.Fatal("a try has one end, for its road")
				}
				if rapid.Bool().Draw(t, "ok") {
					live = false
					stable := rapid.Bool().Draw(t, "stable")
					r.ended(endFair, stable)
					r.take(out)
					history = append(history, happened{what: "fair", road: was, stable: stable}, happened{what: "climb", road: all[out]})
					break
				}
				random := rapid.Float64Range(0, 0.999).Draw(t, "random")
				r.plan(now, func() float64 { return random })
				checkPlan(t, &r, now, random, naiveTries(all[0], history))
			case what == "network":
				r.forget()
				history = append(history, happened{what: "network"})
			case what == "first" && !live:
				r.take(0)
				history = append(history, happened{what: "first"})
			}
			if want := naiveTurn(all, first, history); r.name() != want {
				t.Fatalf("the turn is %s's, not %s's, after %v", r.name(), want, history)
			}
			if !live && (r.due != Never || r.out >= 0) {
				t.Fatalf("a try is due at %d, or out (%d), without a connection", r.due, r.out)
			}
		}
	}))
}

func checkPlan(t *rapid.T, r *roads, now int64, random float64, n int) {
	want := Never
	if r.turn > 0 {
		longest := 20_000
		for range n {
			longest = min(600_000, 2*longest)
		}
		want = now + int64((0.5+random/2)*float64(longest))
	}
	if r.due != want {
		t.Fatalf("the try after %d is due at %d, not %d", n, r.due, want)
	}
}
