package client

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// sending is a mutation on its way to the server.
type sending struct {
	replica  *replica
	mutation *Mutation
}

func (s *sending) words() (base uint64, data jsontext.Value, ok bool) {
	s.replica.mu.Lock()
	defer s.replica.mu.Unlock()
	return s.replica.content.words(s.mutation.key)
}

func (s *sending) positional() bool {
	_, is := s.replica.content.(*writing)
	return is
}

func (s *sending) outdated() {
	r := s.replica
	r.fold()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.(*writing).outdated(s.mutation.key)
}

func (s *sending) sent(client string, seq uint64) {
	r := s.replica
	r.mu.Lock()
	r.content.identify(client)
	r.content.sent(s.mutation.key, client, seq)
	r.mu.Unlock()
	r.moveMutation(s.mutation, MutationSent)
}

func (s *sending) doubtful() { s.replica.moveMutation(s.mutation, MutationUnconfirmed) }

func (s *sending) settled(e core.Settled) {
	s.replica.fold()
	s.replica.settle(s.mutation, e)
}

func (r *replica) settle(m *Mutation, e core.Settled) {
	r.mu.Lock()
	switch {
	case r.mutations[m.key] == nil:
	case e.Err == nil:
		r.content.acknowledge(m.key, e.Position)
		r.store(nil)
	case e.Unconfirmed, e.Err.Code == protocol.Closed && r.client.keeper != nil:
		r.leaveOut(m, MutationUnconfirmed, e.Err)
	case e.Err.Code == protocol.Aborted && r.ended():
		r.leaveOut(m, MutationRejected, r.err)
	case e.Err.Code == protocol.Aborted:
		r.leaveOut(m, MutationCancelled, e.Err)
	default:
		r.leaveOut(m, MutationRejected, e.Err)
	}
	r.mu.Unlock()
	r.leaveIfUnused()
}
