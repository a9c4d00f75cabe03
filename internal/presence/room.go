package presence

import (
	"bytes"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

const (
	// Departures are remembered for watchers that are behind: about twice as many as
	// there are members, within these. Told more, they are as well told the list.
	leastRemembered, mostRemembered = 16, 1024
	// maxLeft is how many users are remembered who have left.
	maxLeft = 100
	// MemberBytes is what a member counts beside its state (rule PRES-19).
	MemberBytes = 512
)

// Config says how a room behaves.
type Config struct {
	Node  string // names this node; only where several share rooms
	Grace int64  // how long a member stays that nobody holds any more, in milliseconds
	Lease int64  // how long one stays that nobody ever held, in milliseconds
	List  int    // how many members are listed
}

// Holder is whoever holds a lease. It is compared, and never called.
type Holder any

// Entry is a member as it enters. The room keeps State and never writes to it.
type Entry struct {
	Client string
	User   string // the identity's sub; empty: the client is a user by itself
	Name   string
	State  []byte // JSON; nil: none
	Keep   bool   // if it is a member already its state stays
	Run    uint64
	Holder Holder // nil: nobody, it has a lease
}

// Room is who is in one topic. It is used from one goroutine at a time.
type Room struct {
	config  Config
	version uint64 // of what watchers see; raised by each change
	stamp   uint64 // of this node's leases; raised by each change

	members map[string]*member // by client
	users   map[string]int     // how many members each has, by sub
	guests  int                // members without one, each a user by itself
	left    []protocol.LeftUser
	order   list // all members, in the order of entering
	edge    *member
	listed  int
	changes list // those that are listed, in the order of their last change

	departures []departure // oldest first
	floor      uint64      // departures up to this version may be forgotten
	dropped    uint64      // those of this node's leases up to this stamp may be

	due     dues
	nodes   map[string]uint64 // the stamps up to which other nodes have told theirs
	signals calls
	bytes   int
}

// departure is a member that left.
type departure struct {
	version uint64 // 0: watchers did not see it
	stamp   uint64 // 0: the lease was not of this node
	client  string
	user    string
	time    int64
}

// New makes an empty room.
func New(config Config) *Room {
	return &Room{
		config: config, members: make(map[string]*member), users: make(map[string]int),
		order: list{kind: byOrder}, changes: list{kind: byChange},
	}
}

// Version is that of the newest change.
func (r *Room) Version() uint64 { return r.version }

// Count is how many members there are.
func (r *Room) Count() int { return len(r.members) }

// Users is how many users there are.
func (r *Room) Users() int { return len(r.users) + r.guests }

// Bytes is what the members count.
func (r *Room) Bytes() int { return r.bytes }

// Left are the users who left last and are not there, newest first. The slice is
// shared: read only.
func (r *Room) Left() []protocol.LeftUser { return r.left }

// Enter makes a client a member, or renews it: stale_run if the member has a
// higher run (rule PRES-4). A member that somebody holds stays held where e has no
// holder.
func (r *Room) Enter(now int64, e Entry) *protocol.Error {
	m := r.members[e.Client]
	if m == nil || m.own == nil {
		r.take(now, e)
		return nil
	}
	l := m.own
	if e.Run < l.run {
		return protocol.Errorf(protocol.StaleRun, "The client is here with run %d.", l.run)
	}
	if l.run != e.Run {
		r.stamp++
		l.run, l.stamp = e.Run, r.stamp
		r.elect(m)
	}
	if e.Holder != nil {
		l.holder = e.Holder
	}
	r.renew(now, m)
	if e.Keep {
		e.State = l.state
	}
	if l.name != e.Name || !bytes.Equal(l.state, e.State) {
		renamed := l.name != e.Name
		l.name = e.Name
		r.restate(m, l, e.State, renamed)
	}
	return nil
}

// take adds a lease of this node.
func (r *Room) take(now int64, e Entry) {
	r.stamp++
	l := &lease{
		node: r.config.Node, stamp: r.stamp, user: e.User, name: e.Name, state: e.State, since: now, run: e.Run,
		holder: e.Holder,
	}
	m := r.hold(e.Client, l)
	m.own = l
	r.renew(now, m)
}

// renew moves the end of a lease: there is none while somebody holds it.
func (r *Room) renew(now int64, m *member) {
	m.own.away = false
	if m.own.holder != nil {
		r.due.remove(m)
		return
	}
	r.due.set(m, now+r.config.Lease)
}

// Update takes the place of a member's state: not_found if this node has no lease
// of it.
func (r *Room) Update(now int64, client string, state []byte) *protocol.Error {
	m := r.members[client]
	if m == nil || m.own == nil {
		return Absent()
	}
	if m.own.holder == nil && !m.own.away {
		r.renew(now, m)
	}
	if !bytes.Equal(m.own.state, state) {
		r.restate(m, m.own, state, false)
	}
	return nil
}

// Absent is why something cannot be done for a client that has not entered.
func Absent() *protocol.Error {
	return protocol.Errorf(protocol.NotFound, "The client has not entered the topic.")
}

// restate changes what is told of a lease of this node.
func (r *Room) restate(m *member, l *lease, state []byte, renamed bool) {
	r.stamp++
	l.stamp = r.stamp
	r.bytes += len(state) - len(l.state)
	l.state = state
	if m.lease == l {
		r.changed(m, renamed)
	}
}

// changed notes that watchers see something else of a member.
func (r *Room) changed(m *member, whole bool) {
	if !m.listed {
		return
	}
	r.version++
	m.changed = r.version
	if whole {
		m.shown = r.version
	}
	r.changes.remove(m)
	r.changes.push(m)
}

// Leave ends a member at once. It says whether this node had a lease of it.
func (r *Room) Leave(now int64, client string) bool {
	m := r.members[client]
	if m == nil || m.own == nil {
		return false
	}
	r.drop(now, m, m.own)
	return true
}

// Away starts the grace time of a member that is about to go.
func (r *Room) Away(now int64, client string) bool {
	m := r.members[client]
	if m == nil || m.own == nil {
		return false
	}
	r.abandon(now, m)
	return true
}

// Release says that a holder is gone: its grace time begins. Of one who does not
// hold the member any more, it says nothing (rule PRES-4).
func (r *Room) Release(now int64, client string, holder Holder) {
	if m := r.members[client]; m != nil && m.own != nil && m.own.holder != nil && m.own.holder == holder {
		r.abandon(now, m)
	}
}

func (r *Room) abandon(now int64, m *member) {
	m.own.holder, m.own.away = nil, true
	end := now + r.config.Grace
	if m.slot > 0 {
		end = min(end, m.due)
	}
	r.due.set(m, end)
}

// Tick ends the members whose time is over.
func (r *Room) Tick(now int64) {
	for len(r.due) > 0 && r.due[0].due <= now {
		m := r.due[0]
		r.drop(now, m, m.own)
	}
}

// Due is when the next Tick is needed; false: never, if nothing happens.
func (r *Room) Due() (int64, bool) {
	if len(r.due) == 0 {
		return 0, false
	}
	return r.due[0].due, true
}

// hold adds a lease to its client's, and returns the member.
func (r *Room) hold(client string, l *lease) *member {
	m := r.members[client]
	r.bytes += MemberBytes + len(l.state)
	if m == nil {
		m = &member{client: client}
		r.members[client] = m
		r.show(m, l)
		return m
	}
	m.more = append(m.more, l)
	r.elect(m)
	return m
}

// elect makes that lease of a member visible that counts.
func (r *Room) elect(m *member) {
	former := m.lease
	for i, l := range m.more {
		if l.beats(m.lease) {
			m.lease, m.more[i] = l, m.lease
		}
	}
	if m.lease != former {
		r.see(m, former)
	}
}

// show makes a new member visible.
func (r *Room) show(m *member, l *lease) {
	r.version++
	m.lease, m.entered = l, r.version
	r.order.push(m)
	r.count(m, 1)
	r.list()
}

// see tells watchers of a visible lease that took the place of another. Its user
// is the same: a client's id is made of it.
func (r *Room) see(m *member, former *lease) {
	if m.lease.name != former.name || !bytes.Equal(m.lease.state, former.state) {
		r.changed(m, m.lease.name != former.name)
	}
}

// count adds a member to its user, or takes it away.
func (r *Room) count(m *member, n int) {
	user := m.lease.user
	if user == "" {
		r.guests += n
		return
	}
	r.users[user] += n
	switch {
	case r.users[user] == 0:
		delete(r.users, user)
	case n > 0:
		r.left = slices.DeleteFunc(r.left, func(u protocol.LeftUser) bool { return u.User == user })
	}
}

// list fills the places of the list with those who entered first.
func (r *Room) list() {
	next := r.order.first
	if r.edge != nil {
		next = r.edge.links[byOrder].next
	}
	for ; r.listed < r.config.List && next != nil; next = next.links[byOrder].next {
		next.listed, next.shown, next.changed = true, r.version, r.version
		r.changes.push(next)
		r.edge = next
		r.listed++
	}
}

// drop ends a lease of a member, and the member with its last one.
func (r *Room) drop(now int64, m *member, l *lease) {
	r.bytes -= MemberBytes + len(l.state)
	stamp := uint64(0)
	if l == m.own {
		r.stamp++
		stamp = r.stamp
		r.due.remove(m)
		m.own = nil
	}
	if m.lease != l {
		m.more = slices.DeleteFunc(m.more, func(other *lease) bool { return other == l })
		r.depart(departure{stamp: stamp, client: m.client})
		return
	}
	if len(m.more) == 0 {
		delete(r.members, m.client)
		r.hide(now, m, stamp)
		return
	}
	m.lease, m.more = m.more[0], m.more[1:]
	r.elect(m)
	r.depart(departure{stamp: stamp, client: m.client})
	r.see(m, l)
}

// hide takes a member out of what watchers see.
func (r *Room) hide(now int64, m *member, stamp uint64) {
	r.version++
	d := departure{stamp: stamp, client: m.client, user: m.lease.user, time: now}
	if m.listed {
		d.version = r.version
		r.changes.remove(m)
		r.listed--
		if r.edge == m {
			r.edge = m.links[byOrder].prev
		}
		m.listed = false
	}
	r.order.remove(m)
	r.depart(d)
	r.count(m, -1)
	if d.user != "" && r.users[d.user] == 0 {
		r.left = slices.Insert(r.left, 0, protocol.LeftUser{User: d.user, Name: m.lease.name, Time: now})
		r.left = r.left[:min(len(r.left), maxLeft)]
	}
	r.list()
}

// depart remembers that a member left.
func (r *Room) depart(d departure) {
	if r.config.Node == "" {
		d.stamp = 0 // there is nobody to be told
	}
	if d.version == 0 && d.stamp == 0 {
		return
	}
	r.departures = append(r.departures, d)
	enough := min(max(2*len(r.members), leastRemembered), mostRemembered)
	if len(r.departures) < 2*enough {
		return
	}
	last := len(r.departures) - enough
	for _, d := range r.departures[:last] {
		r.floor, r.dropped = max(r.floor, d.version), max(r.dropped, d.stamp)
	}
	r.departures = slices.Clone(r.departures[last:])
}

// lastDepartures calls fn with the departures, newest first, until it says false.
func (r *Room) lastDepartures(fn func(departure) bool) {
	for _, d := range slices.Backward(r.departures) {
		if !fn(d) {
			return
		}
	}
}
