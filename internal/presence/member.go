package presence

import "github.com/tuttisync/tutti/protocol"

// lease is one node's word that a client is there.
type lease struct {
	node  string
	stamp uint64 // of its last change
	user  string
	name  string
	state []byte
	since int64
	run   uint64

	holder Holder // of a lease of this node; nil: nobody
	away   bool   // nobody holds it any more
}

// beats says whether of two leases of one client l counts.
func (l *lease) beats(other *lease) bool {
	if l.run != other.run {
		return l.run > other.run
	}
	return l.node > other.node
}

// member is a client that is there. It is in lists without memory of their own.
type member struct {
	client string
	lease  *lease   // what watchers see
	own    *lease   // this node's, if it has one
	more   []*lease // those that watchers do not see

	entered uint64 // versions: when it came,
	shown   uint64 // when it was first listed, or had a new name,
	changed uint64 // and when something of it changed
	listed  bool
	links   [2]link

	due  int64 // when its own lease is over, while slot is above 0
	slot int   // its place in dues, + 1
}

func (m *member) told() protocol.Member {
	l := m.lease
	return protocol.Member{Client: m.client, User: l.user, Name: l.name, State: l.state, Since: l.since}
}

type kind uint8

const (
	byOrder kind = iota
	byChange
)

type link struct{ prev, next *member }

// list is some members in an order.
type list struct {
	kind        kind
	first, last *member
}

func (l *list) push(m *member) {
	at := &m.links[l.kind]
	at.prev, at.next = l.last, nil
	if l.last == nil {
		l.first = m
	} else {
		l.last.links[l.kind].next = m
	}
	l.last = m
}

func (l *list) remove(m *member) {
	at := &m.links[l.kind]
	if at.prev == nil {
		l.first = at.next
	} else {
		at.prev.links[l.kind].next = at.next
	}
	if at.next == nil {
		l.last = at.prev
	} else {
		at.next.links[l.kind].prev = at.prev
	}
	*at = link{}
}

// dues are the members whose leases end by themselves: a heap, the next to end
// first.
type dues []*member

func (d *dues) set(m *member, at int64) {
	m.due = at
	if m.slot == 0 {
		*d = append(*d, m)
		m.slot = len(*d)
	}
	d.mend(m.slot - 1)
}

func (d *dues) remove(m *member) {
	if m.slot == 0 {
		return
	}
	i, last := m.slot-1, len(*d)-1
	d.swap(i, last)
	(*d)[last] = nil
	*d = (*d)[:last]
	m.slot = 0
	if i < last {
		d.mend(i)
	}
}

func (d dues) swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].slot, d[j].slot = i+1, j+1
}

// mend moves the member at i to where it belongs.
func (d dues) mend(i int) {
	for i > 0 && d[i].due < d[(i-1)/2].due {
		d.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(d) && d[child].due < d[least].due {
				least = child
			}
		}
		if least == i {
			return
		}
		d.swap(i, least)
		i = least
	}
}
