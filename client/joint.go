package client

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// progress is how far several mutations have come: as far as the one whose status
// this has first.
var progress = []MutationStatus{
	MutationRejected, MutationCancelled, MutationPending, MutationUnconfirmed, MutationSent, MutationConfirmed,
}

// joint returns mutations, at least one, as one: it is confirmed where the last
// one is, when all are, and fails with the first that does. They differ; an edit may
// have joined one that is a part of another whole.
func joint(parts []*Mutation) *Mutation {
	if len(parts) == 1 {
		return parts[0]
	}
	whole := &Mutation{replica: parts[0].replica, keys: parts[0].keys, done: make(chan struct{}), parts: parts, left: len(parts)}
	for _, m := range parts {
		m.mu.Lock()
		if m.over() {
			whole.end(m, m.status, m.ack, m.err)
		} else {
			m.wholes = append(m.wholes, whole)
		}
		m.mu.Unlock()
	}
	return whole
}

// end says that a part is settled.
func (m *Mutation) end(part *Mutation, s MutationStatus, ack Ack, err *protocol.Error) {
	m.mu.Lock()
	if part == m.parts[len(m.parts)-1] {
		m.last = ack
	}
	m.left--
	last, over := m.last, m.left == 0
	m.mu.Unlock()
	if err != nil || over {
		m.settle(s, last, err)
	}
}

// slowest is the status of several mutations as one.
func slowest(parts []*Mutation) MutationStatus {
	first := len(progress) - 1
	for _, m := range parts {
		first = min(first, slices.Index(progress, m.Status()))
	}
	return progress[first]
}
