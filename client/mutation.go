package client

import (
	"sync"
	"time"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// MutationStatus is how far a mutation has come. The last three are final, but
// for a client that was closed: then unconfirmed is final too.
type MutationStatus string

// The states of a mutation.
const (
	MutationPending     MutationStatus = "pending"     // shown, and not sent yet
	MutationSent        MutationStatus = "sent"        // sent, perhaps more than once
	MutationUnconfirmed MutationStatus = "unconfirmed" // sent, and no answer came in time or before the connection ended; it goes on
	MutationConfirmed   MutationStatus = "confirmed"   // the confirmed document holds it
	MutationRejected    MutationStatus = "rejected"    // it has no effect
	MutationCancelled   MutationStatus = "cancelled"   // taken back before it was sent
)

// Mutation is a change of a document that the application made: it shows at
// once, and the server judges it.
type Mutation struct {
	replica *replica
	key     uint64
	keys    []string
	done    chan struct{}

	mu     sync.Mutex // guards what follows
	status MutationStatus
	ack    Ack
	err    *protocol.Error
	timer  *time.Timer             // of the status unconfirmed
	folded func([]doc.Replacement) // called before it is over with what it changed in the log, if that is known
	undone func()                  // called when it is over without being confirmed

	// Of one that is several operations (see joint), and of each of those.
	parts  []*Mutation
	left   int // parts that are not settled
	last   Ack // of the last part
	wholes []*Mutation
}

// Made is a mutation with what is shown after it.
type Made[L any] struct {
	*Mutation
	Local L
}

// Keys are those that the mutation is about: of a counter "", of a set the
// canonical JSON of elements, of records their keys. The caller does not change
// them.
func (m *Mutation) Keys() []string { return m.keys }

// Status returns how far the mutation has come.
func (m *Mutation) Status() MutationStatus {
	if m.parts != nil {
		return slowest(m.parts)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

// Done is closed when the mutation is settled, which happens once: when the
// confirmed document holds it, or it is known to have no effect.
func (m *Mutation) Done() <-chan struct{} { return m.done }

// Result blocks until the mutation is settled. It returns its place in the log,
// whose offset is 0 if the server did not tell it, or the [*protocol.Error] for
// which it has no effect; closed or client_expired with the status unconfirmed
// if that can not be known any more.
func (m *Mutation) Result() (Ack, error) {
	<-m.done
	if m.err != nil {
		return Ack{}, m.err
	}
	return m.ack, nil
}

// Cancel takes the mutation back if it was never sent, and reports whether it
// did.
func (m *Mutation) Cancel() bool {
	select {
	case <-m.done:
		return false
	default:
		all := m.parts
		if all == nil {
			all = []*Mutation{m}
		}
		return m.replica.client.takeBack(all...)
	}
}

// move changes the status of a mutation that is not settled, and reports whether
// it has changed.
func (m *Mutation) move(s MutationStatus) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over() || m.status == s || m.status == MutationUnconfirmed {
		return false
	}
	m.status = s
	return true
}

func (m *Mutation) settle(s MutationStatus, ack Ack, err *protocol.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over() {
		return
	}
	m.status, m.ack, m.err = s, ack, err
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.undone != nil && s != MutationConfirmed {
		m.undone()
	}
	close(m.done)
	for _, whole := range m.wholes {
		whole.end(m, s, ack, err)
	}
}

func (m *Mutation) over() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}
