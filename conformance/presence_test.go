package conformance

import (
	"fmt"
	"slices"
)

// room is what an agent told of who is in a topic.
type room struct {
	there   []string
	left    []string // in order
	last    map[string]string
	entered int
}

// meet notes an event about who is in a topic. Joins and leaves of a user alternate
// (rule PRES-13). a.mu is held.
func (a *agent) meet(e event) {
	r := a.rooms[e.Topic]
	if r == nil {
		r = &room{last: map[string]string{}}
		a.rooms[e.Topic] = r
	}
	switch e.Event {
	case "there":
		r.there = e.Users
		return
	case "entered":
		r.entered++
		return
	case "left":
		r.left = append(r.left, e.User)
	}
	if r.last[e.User] == e.Event {
		a.failures = append(a.failures, fmt.Sprintf("%s %s %s twice", e.User, e.Event, e.Topic))
	}
	r.last[e.User] = e.Event
}

func (d *director) enter(e *enterStep) {
	d.t.Helper()
	a := d.device.agent
	before := 0
	a.mu.Lock()
	if r := a.rooms[e.Topic]; r != nil {
		before = r.entered
	}
	a.mu.Unlock()
	a.do(map[string]any{"do": "enter", "topic": e.Topic, "data": e.State})
	a.await("the entering of "+e.Topic, func() bool { r := a.rooms[e.Topic]; return r != nil && r.entered > before })
}

func (d *director) there(w *thereStep) {
	d.t.Helper()
	a := d.device.agent
	a.await(fmt.Sprintf("%q in %s", w.Users, w.Topic), func() bool {
		r := a.rooms[w.Topic]
		return r != nil && len(r.left) >= len(w.Left) && // an agent tells of it on a line of its own
			slices.Equal(slices.Sorted(slices.Values(r.there)), slices.Sorted(slices.Values(w.Users)))
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if left := a.rooms[w.Topic].left; !slices.Equal(left, w.Left) {
		d.t.Errorf("who left %s: %q, not %q", w.Topic, left, w.Left)
	}
}
