package presence

import (
	"cmp"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Never is the time of a [View.Wish] that wants no tick.
const Never int64 = math.MaxInt64

// maxLeft is of how many users who left it is remembered when.
const maxLeft = 1000

// User is all members of one identity.
type User struct {
	ID       string            // the identity's sub, or the client's id if it has none
	Name     string            // that of the session which entered last
	State    jsontext.Value    // that of the session whose state was the last to change
	LastSeen int64             // when something of it was last told, in milliseconds since 1970 by the server's clock
	Sessions []protocol.Member // in the order of entering; none of a user who has left
}

// View is who is in one topic. Its zero value knows of nobody.
type View struct {
	known bool // a list was told
	at    protocol.PresenceVersion
	total int   // of users, as the server told
	due   int64 // when those who are awaited count as gone; 0: nobody is

	members map[string]*member // by client
	byUser  map[string]*user
	users   []*user             // in the order of entering
	left    []protocol.LeftUser // newest first
	stamps  uint64              // that were given to members

	list []User // what Users returns; nil: it is to be made anew
}

// member is one that is there or, of a former epoch, is awaited.
type member struct {
	protocol.Member
	rank    uint64 // among those who are there
	turn    uint64 // of all of a user's, that with the highest changed its state last
	awaited bool
}

// user has at least one session, but while a change is made.
type user struct {
	id       string
	seen     int64
	sessions []*member // in the order of entering
}

// At returns the version that the view is at, and false if it has none.
func (v *View) At() (protocol.PresenceVersion, bool) { return v.at, v.known }

// Count returns how many users there are, also those who are not listed.
func (v *View) Count() int { return max(v.total, len(v.users)) }

// Users returns who is there, in the order in which the first of their sessions
// entered.
func (v *View) Users() []User {
	if v.list == nil {
		v.list = make([]User, len(v.users))
		for i, u := range v.users {
			v.list[i] = u.fold()
		}
	}
	return v.list
}

// Members returns who is there, in the order of entering.
func (v *View) Members() []protocol.Member {
	var all []*member
	for _, u := range v.users {
		all = append(all, u.sessions...)
	}
	slices.SortFunc(all, byRank)
	members := make([]protocol.Member, len(all))
	for i, m := range all {
		members[i] = m.Member
	}
	return members
}

// Member returns a client's member; false: it is not there.
func (v *View) Member(client string) (protocol.Member, bool) {
	if m := v.members[client]; m != nil {
		return m.Member, true
	}
	return protocol.Member{}, false
}

// there says whether a client's member is there, and not just awaited.
func (v *View) there(client string) bool {
	m := v.members[client]
	return m != nil && !m.awaited
}

// LastSeen returns when something of a user was last told, also of one who has left,
// in milliseconds since 1970 by the server's clock; 0: nothing is known.
func (v *View) LastSeen(id string) int64 {
	if u := v.byUser[id]; u != nil {
		return u.seen
	}
	if i := v.leftAt(id); i >= 0 {
		return v.left[i].Time
	}
	return 0
}

func (v *View) leftAt(id string) int {
	return slices.IndexFunc(v.left, func(l protocol.LeftUser) bool { return l.User == id })
}

// remember notes when a user left.
func (v *View) remember(l protocol.LeftUser) {
	if i := v.leftAt(l.User); i >= 0 {
		l.Time = max(l.Time, v.left[i].Time)
		v.left = slices.Delete(v.left, i, i+1)
	}
	v.left = slices.Insert(v.left, 0, l)
	v.left = v.left[:min(len(v.left), maxLeft)]
}

func (u *user) fold() User {
	folded := User{ID: u.id, LastSeen: u.seen, Sessions: make([]protocol.Member, len(u.sessions))}
	turn := uint64(0)
	for i, m := range u.sessions {
		folded.Sessions[i], folded.Name = m.Member, m.Name
		if m.turn >= turn {
			turn, folded.State = m.turn, m.State
		}
	}
	return folded
}

// userOf is the id of a member's user (rule PRES-2).
func userOf(client, sub string) string { return cmp.Or(sub, client) }

func byRank(a, b *member) int { return cmp.Compare(a.rank, b.rank) }
