package presence

import (
	"cmp"
	"slices"
)

// Delta is what changed of one node's leases between two of its stamps. From 0 it
// is all of them.
type Delta struct {
	Node     string
	From, To uint64
	Leases   []Lease
	Dropped  []string // clients
}

// Lease is one node's word that a client is there, as other nodes are told it.
type Lease struct {
	Client, User, Name string
	State              []byte
	Since              int64
	Run                uint64
}

// Delta returns what changed of this node's leases behind a stamp, or all of them
// if that is not known any more.
func (r *Room) Delta(from uint64) Delta {
	if from < r.dropped || from > r.stamp {
		from = 0
	}
	d := Delta{Node: r.config.Node, From: from, To: r.stamp}
	for m := r.order.first; m != nil; m = m.links[byOrder].next {
		if l := m.own; l != nil && l.stamp > from {
			d.Leases = append(d.Leases, Lease{Client: m.client, User: l.user, Name: l.name, State: l.state, Since: l.since, Run: l.run})
		}
	}
	if from > 0 {
		r.lastDepartures(func(dep departure) bool {
			if m := r.members[dep.client]; dep.stamp > from && (m == nil || m.own == nil) {
				d.Dropped = append(d.Dropped, dep.client)
			}
			return dep.stamp > from || dep.stamp == 0
		})
		slices.Sort(d.Dropped)
		d.Dropped = slices.Compact(d.Dropped)
	}
	return d
}

// Known is up to which stamp another node has told its leases.
func (r *Room) Known(node string) uint64 { return r.nodes[node] }

// Merge takes in what another node told. In whatever order and how often deltas
// come, the room becomes the same. False: some are missing in between, and one
// from [Room.Known] on is needed.
func (r *Room) Merge(now int64, d Delta) bool {
	if d.Node == r.config.Node {
		return true
	}
	known := r.nodes[d.Node]
	switch {
	case d.To <= known:
		return true
	case d.From > known:
		return false
	}
	if d.From == 0 {
		there := make(map[string]bool, len(d.Leases))
		for _, l := range d.Leases {
			there[l.Client] = true
		}
		r.forget(now, d.Node, func(client string) bool { return !there[client] })
	}
	for _, client := range d.Dropped {
		if m := r.members[client]; m != nil {
			if l := m.of(d.Node); l != nil {
				r.drop(now, m, l)
			}
		}
	}
	leases := slices.Clone(d.Leases)
	slices.SortFunc(leases, func(a, b Lease) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Client, b.Client))
	})
	for _, l := range leases {
		r.learn(now, d.Node, l)
	}
	if r.nodes == nil {
		r.nodes = make(map[string]uint64)
	}
	r.nodes[d.Node] = d.To
	return true
}

// learn takes in a lease of another node.
func (r *Room) learn(now int64, node string, told Lease) {
	fresh := &lease{node: node, user: told.User, name: told.Name, state: told.State, since: told.Since, run: told.Run}
	m := r.members[told.Client]
	if m == nil {
		r.hold(told.Client, fresh)
		return
	}
	former := m.of(node)
	if former == nil {
		r.hold(told.Client, fresh)
		return
	}
	if former.run == fresh.run && m.lease == former {
		r.bytes += len(fresh.state) - len(former.state)
		renamed := former.name != fresh.name
		*former = *fresh
		r.changed(m, renamed)
		return
	}
	r.hold(told.Client, fresh)
	r.drop(now, m, former)
}

// Forget drops what another node told: it is gone.
func (r *Room) Forget(now int64, node string) {
	r.forget(now, node, func(string) bool { return true })
	delete(r.nodes, node)
}

func (r *Room) forget(now int64, node string, which func(client string) bool) {
	for m := r.order.first; m != nil; {
		next := m.links[byOrder].next
		if l := m.of(node); l != nil && which(m.client) {
			r.drop(now, m, l)
		}
		m = next
	}
}

// of returns a node's lease of the member.
func (m *member) of(node string) *lease {
	if m.lease.node == node {
		return m.lease
	}
	for _, l := range m.more {
		if l.node == node {
			return l
		}
	}
	return nil
}
