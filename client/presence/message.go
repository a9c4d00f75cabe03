package presence

import (
	"bytes"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// Watching takes who is there, at now: milliseconds of any clock that never goes
// back. Who is in the first list has not joined. After a list of another epoch those
// who are missing stay until the grace time is over. It reports false if what is
// told does not follow what is known: then nothing is taken, and the topic is to be
// watched anew.
func (v *View) Watching(now int64, m *protocol.Watching) (Change, bool) {
	at := protocol.PresenceVersion{Epoch: m.Epoch, Version: m.Version}
	if m.Recovered {
		return Change{}, v.known && v.at == at
	}
	c := v.begin()
	first := !v.known
	if !first && m.Epoch != v.at.Epoch {
		v.due = now + m.Grace
		for _, old := range v.members {
			old.awaited = true
		}
	}
	listed := map[string]bool{}
	for _, in := range m.Members {
		listed[in.Client] = true
	}
	c.unless(func(m *member) bool { return m.awaited || listed[m.Client] })
	for _, in := range m.Members {
		old := v.members[in.Client]
		if old == nil || !same(old.Member, in) {
			old = c.put(in, in.Since)
		}
		old.awaited = false
		c.place(old)
		c.silent[userOf(in.Client, in.User)] = first
	}
	v.known, v.at, v.total = true, at, m.Users
	for _, l := range slices.Backward(m.Left) {
		v.remember(l)
	}
	return c.end(), true
}

func same(a, b protocol.Member) bool {
	return a.User == b.User && a.Name == b.Name && a.Since == b.Since && bytes.Equal(a.State, b.State)
}

// Presence takes what has changed between two versions. It reports false as
// Watching does.
func (v *View) Presence(m *protocol.Presence) (Change, bool) {
	if !v.known || m.From != v.at.Version {
		return Change{}, false
	}
	c := v.begin()
	for _, l := range m.Leaves {
		if out := v.members[l.Client]; out != nil {
			c.remove(out, l.Time)
		}
	}
	for _, in := range m.Shown {
		id := userOf(in.Client, in.User)
		c.silent[id] = c.silent[id] || v.byUser[id] == nil && v.leftAt(id) < 0
		renamed := v.there(in.Client)
		if shown := c.put(in, m.Time); !renamed {
			c.place(shown)
		}
	}
	for _, in := range m.Joins {
		c.place(c.put(in, m.Time))
	}
	for _, u := range m.Updates {
		if to := v.members[u.Client]; to != nil {
			c.of(to.Member, m.Time)
			c.sign(to)
			to.State = u.State
		}
	}
	v.at.Version, v.total = m.Version, m.Users
	return c.end(), true
}

// Tick tells who has not come back since the server began anew.
func (v *View) Tick(now int64) Change {
	if now < v.Wish() {
		return Change{}
	}
	c := v.begin()
	c.unless(func(m *member) bool { return !m.awaited })
	return c.end()
}

// Wish is when Tick has something to do.
func (v *View) Wish() int64 {
	if v.due == 0 {
		return Never
	}
	return v.due
}
