package core

import (
	"math"
	"slices"
)

// The roads: ways to the server, best first (rule CONN-11).
const (
	RoadWS   = "ws"   // a WebSocket
	RoadSSE  = "sse"  // a stream of events, and POST
	RoadPoll = "poll" // long-polling, and POST
)

const (
	roadPatience = 3       // failures in a row on a road that once led to the server
	firstTry     = 20_000  // milliseconds; at most, before the first try of a better road
	longestTry   = 600_000 // and before a later one
)

// ending is how an attempt or a connection ended, as far as its road is
// concerned.
type ending uint8

const (
	endFair ending = iota // nothing speaks against the road
	endCut                // lost without a word of the server, or soon
	endHung               // the time of the attempt ran out
)

// roads is which way the next attempt goes (rules CONN-11 and CONN-12): down by
// what fails, and up again by trying the better ones beside the running
// connection.
type roads struct {
	all      []string // best first; never empty
	turn     int
	known    []bool // a connection over it was live
	failures int    // of the road in turn, in a row
	tries    int    // that were made
	due      int64  // when the next is wanted; Never: not
	out      int    // index of the road that is being tried; -1: none
}

func newRoads(all []string, last string) roads {
	if len(all) == 0 {
		all = []string{RoadWS}
	}
	all = slices.Clone(all)
	return roads{
		all: all, turn: max(0, slices.Index(all, last)), known: make([]bool, len(all)),
		due: Never, out: -1,
	}
}

// name is the road in turn.
func (r *roads) name() string { return r.all[r.turn] }

// take makes it a road's turn.
func (r *roads) take(turn int) { r.turn, r.failures = turn, 0 }

// live is told when a connection over the road in turn is welcomed.
func (r *roads) live(now int64, random func() float64) {
	r.known[r.turn] = true
	r.plan(now, random)
}

// ended is told when an attempt or a connection over the road in turn ended;
// stable: it had been live for long.
func (r *roads) ended(how ending, stable bool) {
	r.due, r.out = Never, -1
	if stable && r.turn == 0 {
		r.tries = 0
	}
	if how == endFair {
		r.failures = 0
		return
	}
	r.failures++
	if how == endHung || !r.known[r.turn] || r.failures >= roadPatience {
		r.take((r.turn + 1) % len(r.all))
	}
}

// forget is told when the network may be another one.
func (r *roads) forget() {
	clear(r.known)
	r.tries = 0
}

// plan sets the time of the next try, if there is a better road.
func (r *roads) plan(now int64, random func() float64) {
	if r.turn == 0 {
		return
	}
	longest := min(longestTry, firstTry<<min(r.tries, 10))
	r.due = now + int64(math.Floor((0.5+random()/2)*float64(longest)))
}

// try begins a try of a better road, if there is one and no other try is out.
func (r *roads) try() (road string, ok bool) {
	if r.turn == 0 || r.out >= 0 {
		return "", false
	}
	r.out = r.tries % r.turn
	r.tries++
	r.due = Never
	return r.all[r.out], true
}

// tried ends the try that is out, and reports whether it was of this road.
func (r *roads) tried(road string) bool {
	if r.out < 0 || r.all[r.out] != road {
		return false
	}
	r.out = -1
	return true
}

func (t Tried) apply(c *Core) {
	turn := c.roads.out
	if !c.roads.tried(t.Road) {
		return
	}
	if !t.OK {
		c.roads.plan(c.now, c.options.Random)
		return
	}
	c.leave()
	c.roads.take(turn)
	c.attempt()
}

// try asks the driver to try a better road, if that may be done now.
func (c *Core) try() {
	if road, ok := c.roads.try(); ok {
		c.emit(Try{Road: road, Token: c.connection.token})
	}
}
