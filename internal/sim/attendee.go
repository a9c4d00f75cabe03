package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/presence"
	"github.com/tuttisync/tutti/protocol"
)

const (
	roomTopic = "room:a"
	mostShown = 25 * time.Second // ping, its grace and that of the member, and what the wheel is late
)

// attendee is a client that watches a topic, and is there now and then, as package
// client lets it.
type attendee struct {
	client *client
	view   presence.View
	there  map[string]bool // users, as they were told to come and go
	heard  map[string]bool // signals
	inside bool            // it has entered, or is about to
	state  string
	called int
	died   time.Duration // 0: it lives
}

// attend lets a client come to the topic.
func (c *client) attend() {
	a := &attendee{client: c, there: make(map[string]bool), heard: make(map[string]bool)}
	c.attendee = a
	c.world.after(c.world.between(0, time.Second), func() {
		c.step(core.Watch{Topic: roomTopic})
		a.live()
	})
}

// live is what the application does, now and then.
func (a *attendee) live() {
	c, w := a.client, a.client.world
	if w.healed || a.died > 0 {
		return
	}
	acts := 20
	if w.calm {
		acts = 17
	}
	switch what := w.rng.IntN(acts); {
	case what < 5:
		a.inside, a.state = true, w.newState()
		c.step(core.Enter{Key: w.newKey(), Topic: roomTopic, State: jsontext.Value(a.state)})
	case what < 7 && !w.calm:
		a.inside = false
		c.step(core.Leave{Topic: roomTopic})
	case what < 15 && a.inside:
		a.state = w.newState()
		c.step(core.Update{Topic: roomTopic, State: jsontext.Value(a.state)})
	case what < 17 && a.inside:
		a.called++
		c.step(core.Signal{Topic: roomTopic, Name: "wave", Data: jsontext.Value(fmt.Sprintf(`"%d/%d"`, c.id, a.called))})
	case what == 17:
		c.step(core.Away{})
		w.after(w.between(0, 8*time.Second), func() { c.step(core.Wake{}) })
	case what == 18:
		c.leave(w.between(0, 20*time.Second))
	case what == 19 && w.chance(0.3):
		a.die()
		return
	}
	w.after(w.between(0, 2*time.Second), a.live)
}

// die is the end of the process. Nobody says so to the server. Another one comes.
func (a *attendee) die() {
	c, w := a.client, a.client.world
	w.tell("client %d: dies", c.id)
	a.died = max(w.now, 1)
	c.state = core.Closed
	if l := c.link; l != nil {
		l.left = true
		w.after(w.between(0, 3*time.Second), l.end)
		c.link = nil
	}
	w.join(len(w.clients))
}

func (w *World) newState() string {
	w.states++
	return fmt.Sprint(w.states)
}

// newKey is below all that the server knows of.
func (w *World) newKey() uint64 {
	w.asked++
	return w.asked
}

// take carries out what the core tells of presence.
func (a *attendee) take(effect core.Effect) {
	w := a.client.world
	switch e := effect.(type) {
	case core.Presence:
		change, ok := presence.Change{}, false
		switch m := e.Message.(type) {
		case *protocol.Watching:
			_, known := a.view.At()
			if change, ok = a.view.Watching(w.now.Milliseconds(), m); !known {
				a.begin()
			}
		case *protocol.Presence:
			change, ok = a.view.Presence(m)
			a.hear(m.Signals)
		}
		if !ok {
			a.fault("was passed a gap: %+v", e.Message)
		}
		a.tell(change)
		a.plan()
	case core.Entered:
		if e.Err != nil && e.Err.Code != protocol.Aborted {
			a.fault("could not enter: %v", e.Err)
		}
	case core.Expelled, core.Unwatched, core.Fault:
		if f, ok := e.(core.Fault); ok && f.Err.Code == protocol.NotFound {
			return
		}
		a.fault("was told %T %+v", e, e)
	}
}

// begin takes those who are in the first list.
func (a *attendee) begin() {
	for _, u := range a.view.Users() {
		a.there[u.ID] = true
	}
}

// tell holds that joins and leaves of a user alternate (rule PRES-13), and that a
// server that is started anew is no leave (rule PRES-22).
func (a *attendee) tell(c presence.Change) {
	for _, u := range c.Joins {
		if a.there[u.ID] {
			a.fault("%s joins twice", u.ID)
		}
		a.there[u.ID] = true
	}
	for _, u := range c.Leaves {
		if !a.there[u.ID] {
			a.fault("%s leaves twice", u.ID)
		}
		delete(a.there, u.ID)
	}
	if len(c.Leaves) > 0 && a.client.world.calm {
		a.fault("is told that %s left, who was there all the time", c.Leaves[0].ID)
	}
	a.client.world.joins += len(c.Joins)
	a.client.world.leaves += len(c.Leaves)
}

// hear holds that a signal is told once (rule PRES-14).
func (a *attendee) hear(signals []protocol.MemberSignal) {
	for _, s := range signals {
		if a.heard[string(s.Data)] {
			a.fault("hears %s twice", s.Data)
		}
		a.heard[string(s.Data)] = true
		a.client.world.signals++
	}
}

// plan lets time pass for those who are awaited.
func (a *attendee) plan() {
	due := a.view.Wish()
	if due == presence.Never {
		return
	}
	a.client.world.at(time.Duration(due)*time.Millisecond, func() {
		if a.died == 0 {
			a.tell(a.view.Tick(a.client.world.now.Milliseconds()))
		}
	})
}

func (a *attendee) fault(format string, args ...any) {
	a.client.world.ledger.fault("client %d "+format, append([]any{a.client.id}, args...)...)
}

// auditPresence holds that all who live see the same: those who are there, with their
// latest states.
func (w *World) auditPresence() {
	want := make(map[string][]string)
	for _, c := range w.clients {
		if a := c.attendee; a.inside && a.died == 0 {
			user := fmt.Sprintf("user%d", c.id%2)
			want[user] = append(want[user], c.core.Client()+" "+a.state)
		}
	}
	for _, c := range w.clients {
		if c.attendee.died > 0 {
			continue
		}
		got := make(map[string][]string)
		for _, u := range c.attendee.view.Users() {
			for _, m := range u.Sessions {
				got[u.ID] = append(got[u.ID], m.Client+" "+string(m.State))
			}
			if !c.attendee.there[u.ID] {
				c.attendee.fault("shows %s, who did not come", u.ID)
			}
		}
		if w.roll(want) != w.roll(got) || len(c.attendee.there) != len(want) {
			c.attendee.fault("shows %s; there is %s; told was %v", w.roll(got), w.roll(want), c.attendee.there)
		}
	}
}

// roll is who is there, in words.
func (w *World) roll(users map[string][]string) string {
	var all []string
	for _, u := range slices.Sorted(maps.Keys(users)) {
		all = append(all, u+": "+strings.Join(slices.Sorted(slices.Values(users[u])), ", "))
	}
	return strings.Join(all, "; ")
}

// ghosts holds that the server shows nobody for longer than it may: who died, for the
// time until that is noticed and the grace time (rule PRES-7).
func (w *World) ghosts() {
	page, err := w.server.hub.Attendance(context.Background(), auth.Identity{Sub: "auditor", Grants: auth.FullRights()}, roomTopic, "", 1000)
	if err != nil {
		w.ledger.fault("cannot list who is there: %v", err)
		return
	}
	for _, c := range w.clients {
		if died := c.attendee.died; died > 0 && w.now > died+mostShown {
			for _, m := range page.Members {
				if m.Client == c.core.Client() {
					w.ledger.fault("client %d died at %v, and is there at %v", c.id, died, w.now)
				}
			}
		}
	}
	if !w.healed {
		w.after(time.Second, w.ghosts)
	}
}
