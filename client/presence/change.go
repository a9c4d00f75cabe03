package presence

import (
	"bytes"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// Change is what a message, or the time, has changed of the users. None is in two of
// the lists.
type Change struct {
	Joins   []User // who is there, and was not
	Leaves  []User // who is there no more, as they were, but without sessions
	Updates []User // who stays, and of whom a session came, went or is another
}

// change is a Change in the making. A user whose last session is taken out stays
// until its end, so that one who comes back with the same message has not left.
type change struct {
	*View
	told   []string         // users of which something is told, in the order in which it is
	was    map[string]*User // as they were; nil: not there
	silent map[string]bool  // who did not come just now, and was not known
	moved  bool             // somebody's place is another
}

func (v *View) begin() *change {
	if v.members == nil {
		v.members, v.byUser = map[string]*member{}, map[string]*user{}
	}
	return &change{View: v, was: map[string]*User{}, silent: map[string]bool{}}
}

// of returns the user of a member, about to be changed, with something told of it
// at a time of the server's; 0: it is not known when.
func (c *change) of(m protocol.Member, time int64) *user {
	id := userOf(m.Client, m.User)
	u := c.byUser[id]
	if _, ok := c.was[id]; !ok {
		c.told = append(c.told, id)
		c.was[id] = nil
		if u != nil {
			was := u.fold()
			c.was[id] = &was
		}
	}
	if u == nil {
		u = &user{id: id, seen: c.LastSeen(id)}
		c.byUser[id] = u
		c.users = append(c.users, u)
	}
	u.seen = max(u.seen, time)
	return u
}

// put puts a member in, or another one in the place of that of its client.
func (c *change) put(m protocol.Member, time int64) *member {
	u, in := c.of(m, time), c.members[m.Client]
	if in == nil {
		in = &member{}
		c.members[m.Client] = in
		u.sessions = append(u.sessions, in)
	}
	if in.turn == 0 || !bytes.Equal(in.State, m.State) {
		c.sign(in)
	}
	in.Member, in.awaited = m, false
	return in
}

// sign notes that a member has another state.
func (c *change) sign(m *member) {
	c.stamps++
	m.turn = c.stamps
}

// place puts a member behind all others.
func (c *change) place(m *member) {
	c.stamps++
	m.rank, c.moved = c.stamps, true
}

// remove takes a member out.
func (c *change) remove(m *member, time int64) {
	u := c.of(m.Member, time)
	u.sessions = slices.DeleteFunc(u.sessions, func(s *member) bool { return s == m })
	delete(c.members, m.Client)
}

// unless takes those out who are there, but for some, in the order of entering.
func (c *change) unless(stays func(m *member) bool) {
	for _, u := range slices.Clone(c.users) {
		for _, m := range slices.Clone(u.sessions) {
			if !stays(m) {
				c.remove(m, 0)
			}
		}
	}
}

// end is what has changed.
func (c *change) end() Change {
	c.users = slices.DeleteFunc(c.users, func(u *user) bool { return len(u.sessions) == 0 })
	if c.moved || len(c.told) > 0 {
		c.list = nil
		for _, u := range c.users {
			slices.SortFunc(u.sessions, byRank)
		}
		slices.SortFunc(c.users, func(a, b *user) int { return byRank(a.sessions[0], b.sessions[0]) })
	}
	var all Change
	for _, u := range c.users {
		was, told := c.was[u.id]
		switch {
		case was != nil:
			all.Updates = append(all.Updates, u.fold())
		case told && !c.silent[u.id]:
			all.Joins = append(all.Joins, u.fold())
		}
		if i := c.leftAt(u.id); told && i >= 0 {
			c.left = slices.Delete(c.left, i, i+1)
		}
	}
	for _, id := range c.told {
		u, was := c.byUser[id], c.was[id]
		if len(u.sessions) > 0 {
			continue
		}
		delete(c.byUser, id)
		if was != nil {
			was.LastSeen, was.Sessions = u.seen, nil
			all.Leaves = append(all.Leaves, *was)
			c.remember(protocol.LeftUser{User: id, Name: was.Name, Time: u.seen})
		}
	}
	if !c.awaits() {
		c.due = 0
	}
	return all
}

func (v *View) awaits() bool {
	if v.due == 0 {
		return false
	}
	for _, m := range v.members {
		if m.awaited {
			return true
		}
	}
	return false
}
