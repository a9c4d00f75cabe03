package core

import (
	"cmp"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// maxInFlight is how many entries of a topic may be unanswered on a connection
// (rule PUB-1).
const maxInFlight = 64

// maxAhead is how many entries of a topic that are kept have their seqs, and are
// stored, ahead of what is sent.
const maxAhead = 256

// outgoing is one entry on its way.
type outgoing struct {
	key      uint64
	topic    string
	place    int    // it counts in the order of publishing
	seq      uint64 // 0: its turn to be sent never came under the current secret
	first    uint64 // the batch that told it first; 0: a former life kept it
	told     uint64 // the one that told it as it now is, or that it is gone
	name     string
	entryKey string
	base     *uint64 // of an operation
	moves    bool    // it is a positional one
	data     jsontext.Value
	deadline int64 // of the promise; Never: none
	inFlight bool  // sent on this connection and unanswered
	doubtful bool  // sent on a former connection and unanswered: it may be in the log
	settled  bool  // the promise is; the entry still waits for its answer
	logged   bool  // it is a positional operation whose entry came, and no answer
}

// outbox is the unanswered entries of a topic, in order. Those with a seq come
// first, their seqs rising.
type outbox struct {
	topic    string
	entries  []*outgoing
	last     uint64 // highest seq given
	voids    voids
	told     uint64 // the batch that told the voids as they now are
	inFlight int
	stalled  bool   // an answer was not ack: nothing is sent until all are answered
	hold     int64  // nothing is sent before
	refusals int    // in a row
	counted  bool   // this round's refusal is in refusals
	amending uint64 // the step in which nothing is sent, so that what waits can be amended
	owed     bool   // since then it was not tried to send
	outdated outdated
	taken    uint64 // the highest offset at which the server took an operation of the present client
	awaited  bool   // it did so in a former life, and the document was not opened since
}

func byPlace(a, b *outgoing) int { return cmp.Compare(a.place, b.place) }

func (o *outbox) find(seq uint64) *outgoing {
	for _, e := range o.entries {
		if e.seq == seq && e.inFlight {
			return e
		}
	}
	return nil
}

// answered takes an entry out of flight.
func (o *outbox) answered(e *outgoing) {
	e.inFlight = false
	o.inFlight--
}

// outboxes is the outboxes of all topics, in the order of first use.
type outboxes struct {
	ledger  *ledger // nil: nothing is kept
	byTopic map[string]*outbox
	order   []*outbox
	entries int // in all of them
	bytes   int // of their data
	timed   int // of them with a deadline
	places  int // how many were published
}

func newOutboxes(l *ledger) outboxes { return outboxes{ledger: l, byTopic: map[string]*outbox{}} }

func (b *outboxes) of(topic string) *outbox {
	o := b.byTopic[topic]
	if o == nil {
		o = &outbox{topic: topic}
		b.byTopic[topic] = o
		b.order = append(b.order, o)
	}
	return o
}

func (b *outboxes) add(o *outbox, e *outgoing) {
	o.entries = append(o.entries, e)
	b.entries++
	b.bytes += len(e.data)
	if e.deadline != Never {
		b.timed++
	}
}

// remove takes an entry out of the queue that is not in the log.
func (b *outboxes) remove(o *outbox, e *outgoing) {
	b.take(o, e)
	b.ledger.noteEnded(e)
}

func (b *outboxes) take(o *outbox, e *outgoing) {
	i := slices.Index(o.entries, e)
	o.entries = slices.Delete(o.entries, i, i+1)
	b.entries--
	b.bytes -= len(e.data)
	if e.deadline != Never {
		b.timed--
	}
	b.ledger.noteGone(e)
}

// untime forgets an entry's deadline.
func (b *outboxes) untime(e *outgoing) {
	if e.deadline != Never {
		e.deadline = Never
		b.timed--
	}
}

// uncertain says whether an entry may be in the log unseen.
func (b *outboxes) uncertain() bool {
	for _, o := range b.order {
		for _, e := range o.entries {
			if e.doubtful {
				return true
			}
		}
	}
	return false
}

func (b *outboxes) inFlight() bool {
	return slices.ContainsFunc(b.order, func(o *outbox) bool { return o.inFlight > 0 })
}

// detach marks what was in flight when the connection ended as doubtful.
func (b *outboxes) detach(c *Core) {
	for _, o := range b.order {
		for _, e := range o.entries {
			if e.inFlight && !e.doubtful && e.base != nil && !e.settled {
				c.emit(Doubtful{e.key})
			}
			e.doubtful = e.doubtful || e.inFlight
			e.inFlight = false
		}
		o.inFlight, o.stalled, o.hold, o.counted, o.owed, o.outdated = 0, false, 0, false, false, outdated{}
	}
}

// renumber begins anew for a new client, to which none of the seqs given so
// far means anything.
func (b *outboxes) renumber() {
	for _, o := range b.order {
		if o.last > 0 {
			b.ledger.noteVoids(o)
		}
		o.last, o.voids, o.taken, o.awaited = 0, nil, 0, false
		for _, e := range o.entries {
			if e.seq > 0 {
				b.ledger.note(e)
			}
			e.seq, e.logged = 0, false
		}
	}
}

// expire settles the publishes whose time has run out. What was sent stays
// until it is answered, so that no gap holds what follows.
func (b *outboxes) expire(c *Core) {
	if b.timed == 0 {
		return
	}
	for _, o := range b.order {
		for _, e := range slices.Clone(o.entries) {
			if e.deadline > c.now {
				continue
			}
			b.untime(e)
			if e.seq == 0 {
				b.remove(o, e)
			}
			c.amends(o)
			c.settle(e, protocol.Errorf(protocol.Timeout, ""), e.seq != 0)
		}
	}
}

// close settles everything. What is kept goes on in a later life.
func (b *outboxes) close(c *Core) {
	for _, o := range b.order {
		for _, e := range o.entries {
			c.settle(e, protocol.Errorf(protocol.Closed, ""), e.seq != 0 || b.ledger != nil)
		}
	}
	*b = newOutboxes(b.ledger)
}

// waits says whether time alone keeps the outbox from sending.
func (o *outbox) waits(c *Core) bool {
	return o.inFlight == 0 && o.hold > c.now || o.owed && (o.inFlight == 0 || !o.stalled)
}

// wish is when a publish times out or a refused one may be sent again.
func (b *outboxes) wish(c *Core) int64 {
	at := Never
	if b.entries == 0 {
		return at
	}
	for _, o := range b.order {
		if o.waits(c) && len(o.entries) > 0 && c.ready() {
			at = min(at, max(o.hold, c.now))
		}
		if b.timed > 0 {
			for _, e := range o.entries {
				at = min(at, e.deadline)
			}
		}
	}
	return at
}

// settle tells the end of a publish that failed, once.
func (c *Core) settle(e *outgoing, err *protocol.Error, unconfirmed bool) {
	if !e.settled {
		e.settled = true
		c.emit(Settled{Key: e.key, Err: err, Unconfirmed: unconfirmed})
	}
}

func (p Publish) apply(c *Core) {
	b := &c.outboxes
	if err := c.checkPublish(p); err != nil {
		c.emit(Settled{Key: p.Key, Err: protocol.AsError(err)})
		return
	}
	e := &outgoing{
		key: p.Key, topic: p.Topic, name: p.Name, entryKey: p.EntryKey, base: p.Base, moves: p.Positional && p.Base != nil,
		data: p.Data, deadline: Never, place: b.places, first: math.MaxUint64,
	}
	b.places++
	if p.Timeout > 0 {
		e.deadline = c.now + min(p.Timeout, math.MaxInt64/2)
	}
	o := b.of(p.Topic)
	b.add(o, e)
	b.ledger.note(e)
	c.emit(Queued{p.Key})
	c.sendEntries(o)
}

func (c *Core) checkPublish(p Publish) error {
	if c.connection.state == Closed {
		return protocol.Errorf(protocol.Closed, "")
	}
	if err := checkEntry(p.Topic, p.Name, p.EntryKey, p.Base, p.Data); err != nil {
		return err
	}
	if c.outboxes.entries >= c.options.QueueEntries || c.outboxes.bytes+len(p.Data) > c.options.QueueBytes {
		return protocol.Errorf(protocol.QueueFull, "")
	}
	return nil
}

// checkEntry says what no server would take.
func checkEntry(topic, name, key string, base *uint64, data jsontext.Value) error {
	if err := protocol.CheckTopic(topic); err != nil {
		return err
	}
	if err := protocol.CheckName(name); err != nil {
		return err
	}
	if err := protocol.CheckKey(key); err != nil {
		return err
	}
	if base != nil && *base > protocol.MaxOffset {
		return protocol.Errorf(protocol.BadMessage, "A base is an offset.")
	}
	// The server judges depth, members and length; what is no JSON cannot be sent at all.
	return protocol.Limits{MessageBytes: math.MaxInt, Depth: math.MaxInt, Members: math.MaxInt}.CheckData(data)
}

func (a Abort) apply(c *Core) {
	if c.abortPage(a.Key) {
		return
	}
	for _, o := range c.outboxes.order {
		for _, e := range o.entries {
			if e.key == a.Key && e.seq == 0 && !e.settled {
				c.outboxes.remove(o, e)
				c.settle(e, protocol.Errorf(protocol.Aborted, ""), false)
				return
			}
		}
	}
}
