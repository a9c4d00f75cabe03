package client

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// replica is a document of one client, which all handles on its topic share:
// the fold of its log with what is pending, the mutations that are not settled,
// and who is told of changes.
type replica struct {
	client *Client
	topic  string
	typ    doc.Type

	making sync.Mutex // held while a mutation is made, so that they are sent in that order; before mu

	mu        sync.Mutex // guards what follows, and the steps of the histories of undo
	state     *doc.Replica
	status    DocumentStatus
	err       *protocol.Error
	begun     chan struct{} // closed when the document is not opening any more
	mutations map[uint64]*Mutation
	handles   int
	leave     func()

	touched observerList[[]string] // told under mu
	changed observerList[[]string]
	moved   observerList[DocumentStatus]
	mutated observerList[*Mutation]
	folded  observerList[doc.Folded]
	faults  observerList[error]

	entries []*protocol.Entry // of the owner's goroutine: came, and are not folded yet
}

// join returns the document of a topic for one more handle. If the client has
// the topic open as another type, it is one that has failed.
func (c *Client) join(topic string, typ doc.Type) *replica {
	r, isNew := c.replica(topic, typ)
	if !isNew {
		return r
	}
	leave := c.openDocument(topic, typ.Name(), r, protocol.From{})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		go leave()
	} else {
		r.leave = leave
	}
	return r
}

func (c *Client) replica(topic string, typ doc.Type) (r *replica, isNew bool) {
	c.documentsMu.Lock()
	defer c.documentsMu.Unlock()
	other := c.documents[topic]
	if other != nil && other.typ == typ {
		other.mu.Lock()
		defer other.mu.Unlock()
		other.handles++
		return other, false
	}
	r = &replica{
		client: c, topic: topic, typ: typ,
		state: doc.NewReplica(typ), status: DocumentOpening, begun: make(chan struct{}), mutations: make(map[uint64]*Mutation), handles: 1,
		leave: func() {},
	}
	if other != nil {
		r.end(DocumentFailed, protocol.Errorf(protocol.WrongType, "This client has the topic open as a document of the type %s.", other.typ.Name()))
		return r, false
	}
	c.documents[topic] = r
	return r, true
}

// part ends a handle. The last one leaves the document when nothing is pending.
func (r *replica) part() {
	r.mu.Lock()
	r.handles--
	r.mu.Unlock()
	r.leaveIfUnused()
}

// leaveIfUnused may be called by the owner, and leaves aside.
func (r *replica) leaveIfUnused() {
	c := r.client
	c.documentsMu.Lock()
	defer c.documentsMu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handles > 0 || len(r.mutations) > 0 || r.ended() {
		return
	}
	r.move(DocumentClosed)
	delete(c.documents, r.topic)
	go r.leave() // it ends with the client at the latest
}

func (r *replica) ended() bool { return r.status == DocumentFailed || r.status == DocumentClosed }

// move changes the status. It is called under mu.
func (r *replica) move(s DocumentStatus) {
	if r.status == DocumentOpening {
		close(r.begun)
	}
	r.status = s
	tell(r.client, &r.moved, s)
}

// mutate makes a mutation of an operation, which marshals to JSON, unless
// something is wrong with it: then it is rejected already, nothing has changed
// and nothing is sent. Made is called under mu if it is made.
func (r *replica) mutate(operation any, err error, timeout time.Duration, made func(*Mutation, []doc.Replacement)) (*Mutation, []doc.Replacement) {
	m := &Mutation{replica: r, key: r.client.numbers.Add(1), done: make(chan struct{}), status: MutationPending}
	var data []byte
	var op doc.Op
	if err == nil {
		if data, err = marshal(operation); err != nil {
			err = protocol.Errorf(protocol.BadOperation, "The operation is not JSON: %v", err)
		} else {
			op, err = r.typ.Decode(data)
		}
	}
	r.making.Lock()
	defer r.making.Unlock()
	differences, err := r.make(m, op, err, made)
	if err != nil {
		m.settle(MutationRejected, Ack{}, protocol.AsError(err))
		tell(r.client, &r.mutated, m)
		return m, nil
	}
	if timeout > 0 {
		m.limit(timeout)
	}
	if !r.client.operate(m.key, r.topic, data, &sending{r, m}) {
		r.settle(m, core.Settled{Err: protocol.Errorf(protocol.Closed, "")})
	}
	return m, differences
}

func (r *replica) make(m *Mutation, op doc.Op, err error, made func(*Mutation, []doc.Replacement)) ([]doc.Replacement, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		err = r.err
		if r.err == nil {
			err = protocol.Errorf(protocol.Closed, "")
		}
	}
	if err != nil {
		return nil, err
	}
	m.keys = op.Keys()
	differences := make([]doc.Replacement, 0, len(m.keys))
	for _, key := range m.keys {
		differences = append(differences, doc.Replacement{Key: key, Before: r.state.Get(key)})
	}
	r.mutations[m.key] = m
	change := r.state.Mutate(m.key, op)
	for i := range differences {
		differences[i].After = r.state.Get(differences[i].Key)
	}
	if made != nil {
		made(m, differences)
	}
	r.take(change)
	tell(r.client, &r.mutated, m)
	return differences, nil
}

func (m *Mutation) limit(timeout time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.over() {
		m.timer = time.AfterFunc(timeout, func() { m.replica.moveMutation(m, MutationUnconfirmed) })
	}
}

func (r *replica) moveMutation(m *Mutation, s MutationStatus) {
	if m.move(s) {
		tell(r.client, &r.mutated, m)
	}
}

// take tells what a step of the state changed. It is called under mu.
func (r *replica) take(change doc.Change) {
	if len(change.Keys) > 0 {
		for _, o := range r.touched.all() {
			o.fn(change.Keys)
		}
		tell(r.client, &r.changed, change.Keys)
	}
	for _, f := range change.Folded {
		if m := r.mutations[f.Own]; m != nil && m.folded != nil {
			m.folded(f.Cells)
		}
	}
	for _, done := range change.Confirmed {
		m := r.mutations[done.Key]
		delete(r.mutations, done.Key)
		m.settle(MutationConfirmed, Ack{done.Position.Offset, done.Position.Term}, nil)
		tell(r.client, &r.mutated, m)
	}
	for _, key := range change.Lost {
		m := r.mutations[key]
		delete(r.mutations, key)
		m.settle(MutationRejected, Ack{}, protocol.Errorf(protocol.PositionLost, "The server took the operation, and has lost the log that it was in."))
		tell(r.client, &r.mutated, m)
	}
	for _, f := range change.Folded {
		tell(r.client, &r.folded, f)
	}
	for _, fault := range change.Faults {
		r.fault(fault)
	}
}

// fault tells what is wrong and no mutation tells. Without anyone who listens it
// is logged.
func (r *replica) fault(err error) {
	if len(r.faults.all()) == 0 {
		r.client.options.Logger.Warn("a document has a fault", "topic", r.topic, "error", err)
	}
	tell(r.client, &r.faults, err)
}

// fold folds the entries that came.
func (r *replica) fold() {
	if len(r.entries) == 0 {
		return
	}
	r.mu.Lock()
	r.state.Watch = len(r.folded.all()) > 0
	r.take(r.state.Entries(r.entries))
	r.mu.Unlock()
	r.entries = nil
	r.leaveIfUnused()
}

// identify follows the client, which goes on as another one when the server has
// forgotten it. It is called under mu by the owner.
func (r *replica) identify() { r.take(r.state.Identify(r.client.core.Client())) }

func (r *replica) started(protocol.Position) {
	r.fold()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.identify()
	if r.status == DocumentOpening {
		r.move(DocumentOpen)
	}
}

func (r *replica) snapshot(s core.Snapshot) {
	r.fold()
	if err := r.show(s); err != nil {
		r.failed(protocol.AsError(err))
		r.mu.Lock()
		go r.leave()
		r.mu.Unlock()
		return
	}
	r.leaveIfUnused()
}

func (r *replica) show(s core.Snapshot) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.identify()
	change, err := r.state.Snapshot(&protocol.Snapshot{
		Topic: r.topic, Offset: s.Position.Offset, Term: s.Position.Term, Seqs: s.Seqs, Cells: s.Cells,
	}, s.Recovered)
	if err != nil {
		return err
	}
	r.take(change)
	if r.status == DocumentOpening {
		r.move(DocumentOpen)
	}
	return nil
}

func (r *replica) entry(e *protocol.Entry) {
	if len(r.entries) == 0 {
		r.client.unfolded = append(r.client.unfolded, r)
	}
	r.entries = append(r.entries, e)
}

// failed ends the document because of an error, and what is pending in it at the
// end of this event: the owner calls it in the midst of a step.
func (r *replica) failed(err *protocol.Error) {
	r.client.drop(r)
	r.end(DocumentFailed, err)
	r.client.failing = append(r.client.failing, r)
}

// end ends the document.
func (r *replica) end(s DocumentStatus, err *protocol.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		return
	}
	r.err = err
	r.move(s)
	if s == DocumentFailed {
		r.fault(err)
	}
	if s == DocumentClosed {
		r.settleAll()
	}
}

// abandon takes back what was never sent, so that it is not when the topic is
// opened anew. It is called by the owner.
func (r *replica) abandon() {
	r.mu.Lock()
	keys := slices.Sorted(maps.Keys(r.mutations))
	r.mu.Unlock()
	for _, key := range keys {
		r.client.step(core.Abort{Key: key})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settleAll()
}

// settleAll ends what is left. Whether what was sent has an effect cannot be
// known any more. It is called under mu.
func (r *replica) settleAll() {
	for _, key := range slices.Sorted(maps.Keys(r.mutations)) {
		status := MutationUnconfirmed
		if r.mutations[key].Status() == MutationPending {
			status = MutationRejected
		}
		r.leaveOut(r.mutations[key], status, r.err)
	}
}

// leaveOut ends a mutation that is not in the document. It is called under mu.
func (r *replica) leaveOut(m *Mutation, s MutationStatus, err *protocol.Error) {
	delete(r.mutations, m.key)
	r.take(r.state.Drop(m.key))
	m.settle(s, Ack{}, err)
	tell(r.client, &r.mutated, m)
}

// drop makes the next handle on the topic open it anew.
func (c *Client) drop(r *replica) {
	c.documentsMu.Lock()
	defer c.documentsMu.Unlock()
	if c.documents[r.topic] == r {
		delete(c.documents, r.topic)
	}
}

// sending is a mutation on its way to the server.
type sending struct {
	replica  *replica
	mutation *Mutation
}

func (s *sending) base() uint64 {
	s.replica.mu.Lock()
	defer s.replica.mu.Unlock()
	return s.replica.state.Base(s.mutation.key)
}

func (s *sending) sent(client string, seq uint64) {
	r := s.replica
	r.mu.Lock()
	r.take(r.state.Identify(client))
	r.state.Sent(s.mutation.key, client, seq)
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
		r.take(r.state.Acknowledge(m.key, e.Position))
	case e.Unconfirmed:
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

// tell lets the observers be called.
func tell[T any](c *Client, l *observerList[T], v T) {
	for _, o := range l.all() {
		c.dispatcher.add(func() { o.call(v) })
	}
}
