package client

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
)

// replica is a document of one client, which all handles on its topic share:
// the fold of its log with what is pending, the mutations that are not settled,
// and who is told of changes.
type replica struct {
	client *Client
	topic  string
	kind   string // the name of its type

	making sync.Mutex // held while a mutation is made, so that they are sent in that order; before mu

	mu        sync.Mutex // guards what follows, and the steps of the histories of undo
	content   content
	status    DocumentStatus
	err       *protocol.Error
	begun     chan struct{} // closed when the document is not opening any more
	mutations map[uint64]*Mutation
	handles   int
	unseen    int // operations that are sent, and do not show
	leave     func()
	position  protocol.Position // of the newest entry that was folded
	copy      *keep.Copy        // nil: it is not kept
	copied    bool              // a document is stored, to which entries can be added
	held      []uint64          // operations that the confirmed document holds, and the stored one does not yet

	changed observerList[[]string]
	moved   observerList[DocumentStatus]
	mutated observerList[*Mutation]
	faults  observerList[error]

	entries []*protocol.Entry // of the owner's goroutine: came, and are not folded yet
}

// content is the fold of a document's log with what is pending on top: cells, or a
// text. It is called under the replica's mu, and tells the replica what is
// confirmed, lost, or wrong.
type content interface {
	// words are what an operation says now. It reports false if that is not pending.
	words(key uint64) (base uint64, data jsontext.Value, ok bool)
	// pendingOn are the operations on a key, in the order in which they were made.
	pendingOn(key string) []uint64
	identify(client string)
	sent(key uint64, client string, seq uint64)
	acknowledge(key uint64, at protocol.Position)
	drop(key uint64)
	fold(entries []*protocol.Entry)
	show(s *protocol.Snapshot, recovered bool) error
	// save returns the confirmed document, as show takes it; false if it cannot be
	// had now, but later.
	save() (cells jsontext.Value, ok bool)
	// resume goes on from what a former life of the client kept, on an empty
	// document. It returns the operations that do not fit, and are not pending.
	resume(k resumed) (unfit []uint64, err error)
}

// join returns the document of a topic for one more handle. If the client has
// the topic open as another type, it is one that has failed.
func (c *Client) join(topic, kind string, empty func(*replica) content, offline bool) *replica {
	r, isNew := c.replica(topic, kind, empty)
	if offline && c.keeper != nil {
		r.keep()
	}
	if isNew {
		r.follow()
	}
	return r
}

// follow opens the topic, from where the document is.
func (r *replica) follow() {
	r.mu.Lock()
	from := protocol.From{}
	if r.position.Offset > 0 {
		from = protocol.FromPosition(r.position)
	}
	ended := r.ended()
	r.mu.Unlock()
	if ended {
		return
	}
	leave := r.client.openDocument(r.topic, r.kind, r, from)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		go leave()
	} else {
		r.leave = leave
	}
}

func (c *Client) replica(topic, kind string, empty func(*replica) content) (r *replica, isNew bool) {
	c.documentsMu.Lock()
	defer c.documentsMu.Unlock()
	other := c.documents[topic]
	if other != nil && other.kind == kind {
		other.mu.Lock()
		defer other.mu.Unlock()
		other.handles++
		return other, false
	}
	r = c.newReplica(topic, kind, empty)
	r.handles = 1
	if other != nil {
		r.end(DocumentFailed, protocol.Errorf(protocol.WrongType, "This client has the topic open as a document of the type %s.", other.kind))
		return r, false
	}
	c.documents[topic] = r
	return r, true
}

func (c *Client) newReplica(topic, kind string, empty func(*replica) content) *replica {
	r := &replica{
		client: c, topic: topic, kind: kind, status: DocumentOpening, begun: make(chan struct{}), mutations: make(map[uint64]*Mutation),
		leave: func() {},
	}
	r.content = empty(r)
	return r
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
	if r.handles > 0 || len(r.mutations)+r.unseen > 0 || r.ended() {
		return
	}
	r.move(DocumentClosed)
	r.unkeep()
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

// newMutation returns one that nobody knows of yet.
func (r *replica) newMutation() *Mutation {
	return &Mutation{replica: r, key: r.client.numbers.Add(1), done: make(chan struct{}), status: MutationPending}
}

// check says why nothing can be changed any more. It is called under mu.
func (r *replica) check() error {
	switch {
	case !r.ended():
		return nil
	case r.err != nil:
		return r.err
	default:
		return protocol.Errorf(protocol.Closed, "")
	}
}

// submit lets a mutation that was made be sent. It is called under making.
func (r *replica) submit(m *Mutation, timeout time.Duration) {
	if timeout > 0 {
		m.limit(timeout)
	}
	r.keepBase()
	if !r.client.operate(m.key, r.topic, &sending{r, m}) {
		r.settle(m, core.Settled{Err: protocol.Errorf(protocol.Closed, "")})
	}
}

// refuse ends a mutation that was never made.
func (r *replica) refuse(m *Mutation, err error) {
	m.settle(MutationRejected, Ack{}, protocol.AsError(err))
	tell(r.client, &r.mutated, m)
}

// confirm ends a mutation that the confirmed document holds. It is called under mu.
func (r *replica) confirm(key uint64, at protocol.Position) {
	r.finish(key, MutationConfirmed, Ack{at.Offset, at.Term}, nil)
}

// lose ends one that the server took, in a log that is lost. It is called under mu.
func (r *replica) lose(key uint64) {
	r.finish(key, MutationRejected, Ack{}, protocol.Errorf(protocol.PositionLost, "The server took the operation, and has lost the log that it was in."))
}

func (r *replica) finish(key uint64, s MutationStatus, ack Ack, err *protocol.Error) {
	if s == MutationConfirmed {
		r.held = append(r.held, key)
	}
	m := r.mutations[key]
	delete(r.mutations, key)
	m.settle(s, ack, err)
	tell(r.client, &r.mutated, m)
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
	r.content.fold(r.entries)
	r.position = r.entries[len(r.entries)-1].Position()
	r.store(r.entries)
	r.mu.Unlock()
	r.entries = nil
	r.leaveIfUnused()
}

// identify follows the client, which goes on as another one when the server has
// forgotten it. It is called under mu by the owner.
func (r *replica) identify() { r.content.identify(r.client.core.Client()) }

func (r *replica) started(at protocol.Position) {
	r.fold()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.identify()
	r.position = at
	if r.status == DocumentOpening {
		r.move(DocumentOpen)
	}
	if !r.copied {
		r.save()
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
	err := r.content.show(&protocol.Snapshot{
		Topic: r.topic, Offset: s.Position.Offset, Term: s.Position.Term, Seqs: s.Seqs, Cells: s.Cells,
	}, s.Recovered)
	if err != nil {
		return err
	}
	r.position = s.Position
	r.storeSnapshot(s.Cells)
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
	r.unkeep()
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
	var unsent []uint64
	for _, key := range keys {
		if r.mutations[key].Status() == MutationPending {
			unsent = append(unsent, key)
		}
	}
	r.mu.Unlock()
	if k := r.client.keeper; k != nil {
		k.Dead(unsent, r.err)
	}
	for _, key := range keys {
		r.client.step(core.Abort{Key: key})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settleAll()
}

// settleAll ends what is left. Whether what was sent has an effect cannot be
// known any more, nor that of what another life goes on with. It is called under mu.
func (r *replica) settleAll() {
	goesOn := r.status == DocumentClosed && r.client.keeper != nil
	for _, key := range slices.Sorted(maps.Keys(r.mutations)) {
		status := MutationUnconfirmed
		if !goesOn && r.mutations[key].Status() == MutationPending {
			status = MutationRejected
		}
		r.leaveOut(r.mutations[key], status, r.err)
	}
}

// leaveOut ends a mutation that is not in the document. It is called under mu.
func (r *replica) leaveOut(m *Mutation, s MutationStatus, err *protocol.Error) {
	r.content.drop(m.key)
	r.finish(m.key, s, Ack{}, err)
}

// drop makes the next handle on the topic open it anew.
func (c *Client) drop(r *replica) {
	c.documentsMu.Lock()
	defer c.documentsMu.Unlock()
	if c.documents[r.topic] == r {
		delete(c.documents, r.topic)
	}
}

// tell lets the observers be called.
func tell[T any](c *Client, l *observerList[T], v T) {
	for _, o := range l.all() {
		c.dispatcher.add(func() { o.call(v) })
	}
}
