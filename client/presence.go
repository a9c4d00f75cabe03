package client

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/presence"
	"github.com/tuttisync/tutti/protocol"
)

// User is who is in a topic: all members with one identity, tabs and devices folded
// together.
type User struct {
	ID       string         // the sub of the identity, or the client's id if it has none
	Name     string         // of the identity, for display
	State    jsontext.Value // that of the session whose state was the last to change; nil: none
	LastSeen time.Time      // when something of it was last told, by the server's clock
	Sessions []Member       // in the order of entering; none of a user who has left
}

// Decode reads the user's state into v, as encoding/json does.
func (u User) Decode(v any) error { return json.Unmarshal(u.State, v) }

// Member is one client that is in a topic.
type Member struct {
	Client string
	User   string         // the sub of its identity; empty: the client is a user by itself
	Name   string         // of its identity
	State  jsontext.Value // nil: none
	Since  time.Time      // when it entered, by the server's clock
}

// Decode reads the member's state into v, as encoding/json does.
func (m Member) Decode(v any) error { return json.Unmarshal(m.State, v) }

// PresenceChange is what has changed of who is in a topic. No user is in two of the
// lists.
type PresenceChange struct {
	Joins   []User
	Leaves  []User // as they were, without sessions
	Updates []User // who stay, and of whom a session came, went or is another
}

// Signal is what a member called out.
type Signal struct {
	Own    bool // this client did
	Client string
	User   string // the sub of its identity; empty: it has none
	Name   string
	Data   jsontext.Value // nil: none
}

// Decode reads the signal's data into v, as encoding/json does.
func (s Signal) Decode(v any) error { return json.Unmarshal(s.Data, v) }

// Presence is who is in a topic, and whether this client is. There is one for each
// topic of a client.
//
// It is told who is there as long as a function is given to Subscribe, OnJoin,
// OnLeave, OnChange or OnSignal; without any, Users and what is like it know of
// nobody. Whoever only watches is seen by nobody: to be there is to [Presence.Enter].
// Both hold over every connection until they are ended.
//
// The functions are called as handlers are: one at a time, in order, from the
// client's goroutine. Slices that are returned or given to them are shared, and must
// not be changed.
type Presence struct {
	client *Client
	topic  string

	listed  observerList[[]User]
	joined  observerList[User]
	left    observerList[User]
	changed observerList[PresenceChange]
	called  observerList[Signal]
	faults  observerList[error]

	moved atomic.Bool // the own state, which is still to be told

	// What follows belongs to the owner's goroutine.
	followers int  // functions that want to be told who is there
	watching  bool // the core was asked

	mu    sync.Mutex // guards what follows
	view  presence.View
	users []User // what Users returns; nil: it is to be made anew
	own   own
}

// Presence returns who is in the topic.
func (t *Topic) Presence() *Presence {
	c := t.client
	c.presencesMu.Lock()
	defer c.presencesMu.Unlock()
	p := c.presences[t.name]
	if p == nil {
		p = &Presence{client: c, topic: t.name}
		c.presences[t.name] = p
	}
	return p
}

// Subscribe lets fn be called with the users as they are now, and again, with all of
// them, whenever one of them, the count or the own state has changed: once for all
// changes of the own state while fn is busy. It returns a function that ends this.
func (p *Presence) Subscribe(fn func([]User)) (unsubscribe func()) {
	c := p.client
	remove := p.listed.add(fn)
	c.post(func() {
		users := p.Users()
		c.dispatcher.add(func() { fn(users) })
	})
	return p.follow(remove)
}

// OnJoin lets fn be called with each user who comes, once: not for those who are
// there already, nor for another tab of one who is. It returns a function that ends
// this.
func (p *Presence) OnJoin(fn func(User)) (remove func()) { return p.follow(p.joined.add(fn)) }

// OnLeave lets fn be called with each user who is there no more, once, as it was: when
// it has left, or its last session is gone for longer than the server's grace time. A
// connection that is lost and comes back, of this client or of another, and a server
// that is started anew, are no leave. It returns a function that ends this.
func (p *Presence) OnLeave(fn func(User)) (remove func()) { return p.follow(p.left.add(fn)) }

// OnChange lets fn be called once for each change of who is there. It returns a
// function that ends this.
func (p *Presence) OnChange(fn func(PresenceChange)) (remove func()) {
	return p.follow(p.changed.add(fn))
}

// OnSignal lets fn be called with each signal that is called out in the topic, the
// own ones too. It returns a function that ends this.
func (p *Presence) OnSignal(fn func(Signal)) (remove func()) { return p.follow(p.called.add(fn)) }

// OnError lets fn be called with what goes wrong and nobody waits for, a
// [*protocol.Error]: the client may not be told who is there, or be there, any more,
// or an update or a signal was refused for good. An update that may be taken later is
// said again. Without any it goes to Options.Logger. It returns a function that ends
// this.
func (p *Presence) OnError(fn func(error)) (remove func()) { return p.faults.add(fn) }

// Users returns who is there, in the order in which the first of their sessions
// entered.
func (p *Presence) Users() []User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list()
}

// list is called under mu.
func (p *Presence) list() []User {
	if p.users == nil {
		p.users = usersOf(p.view.Users())
	}
	return p.users
}

// Members returns the members that are there, each by itself, in the order of
// entering. The caller owns it.
func (p *Presence) Members() []Member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return membersOf(p.view.Members())
}

// Others returns the members but this client; others of its user are among them. The
// caller owns it.
func (p *Presence) Others() []Member {
	me := p.client.ID()
	return slices.DeleteFunc(p.Members(), func(m Member) bool { return m.Client == me })
}

// Count returns how many users are there, also those whom the server does not list.
func (p *Presence) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view.Count()
}

// LastSeen returns when something of a user was last told, there or not, by the
// server's clock; false if nothing is known of it.
func (p *Presence) LastSeen(user string) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.view.LastSeen(user)
	return time.UnixMilli(at), at > 0
}

// follow lets the topic be watched until the function that was added, and every
// other, is removed.
func (p *Presence) follow(remove func()) (end func()) {
	c := p.client
	c.post(func() {
		p.followers++
		if !p.watching {
			p.watching = true
			c.step(core.Watch{Topic: p.topic})
		}
	})
	ended := new(atomic.Bool)
	return func() {
		if ended.Swap(true) {
			return
		}
		remove()
		c.post(func() {
			if p.followers--; p.followers == 0 && p.watching {
				c.step(core.Unwatch{Topic: p.topic})
				p.forget()
			}
		})
	}
}

// forget lets the view know of nobody.
func (p *Presence) forget() {
	p.watching = false
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view, p.users = presence.View{}, nil
}

func usersOf(users []presence.User) []User {
	all := make([]User, len(users))
	for i, u := range users {
		all[i] = User{u.ID, u.Name, u.State, time.UnixMilli(u.LastSeen), membersOf(u.Sessions)}
	}
	return all
}

func membersOf(members []protocol.Member) []Member {
	all := make([]Member, len(members))
	for i, m := range members {
		all[i] = memberOf(m)
	}
	return all
}

func memberOf(m protocol.Member) Member {
	return Member{m.Client, m.User, m.Name, m.State, time.UnixMilli(m.Since)}
}
