package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// sendEntries sends what a topic's outbox may send now.
//
// Seqs are given when the turn to be sent first comes, so that what leaves the
// queue before leaves no hole. Where entries are kept, one is then stored, and
// sent when it is; so seqs are given ahead of what is sent. After an answer other
// than ack nothing is sent until the flight is over: the server answers all of it,
// in order, and then both sides agree again about what is in the log. The next
// flight begins at the lowest entry that is not settled. A void is carried by the
// lowest entry above it: nothing behind that can be accepted before it.
func (c *Core) sendEntries(o *outbox) {
	if !c.ready() || o.stalled && o.inFlight > 0 || c.now < o.hold || o.amending == c.steps || c.tellOutdated(o) {
		return
	}
	o.stalled, o.counted, o.hold, o.owed = false, false, 0, false
	ahead := 0
	for i := 0; i < len(o.entries) && c.goesOn(o, ahead); i++ {
		e := o.entries[i]
		if e.inFlight || c.identity.expired && !e.doubtful {
			continue
		}
		if e.base != nil && !c.documentOpen(o.topic) {
			break
		}
		if e.seq == 0 {
			if len(e.data) > c.limits.MessageBytes {
				c.outboxes.remove(o, e)
				c.settle(e, protocol.Errorf(protocol.TooLarge,
					"The data has %d bytes; %d are allowed.", len(e.data), c.limits.MessageBytes), false)
				if c.amends(o); o.amending == c.steps {
					return
				}
				i--
				continue
			}
			o.last++
			e.seq = o.last
			c.ledger.noteLast(o)
			c.ledger.note(e)
			if !e.settled {
				c.emit(Sent{e.key, e.seq})
			}
		}
		if ahead > 0 || o.inFlight >= maxInFlight || !c.ledger.holds(o, e) {
			ahead++
			continue
		}
		carried := o.voids.below(e.seq)
		if i > 0 {
			carried = carried.above(o.entries[i-1].seq)
		}
		m := &protocol.Publish{Topic: o.topic, Seq: e.seq, Voids: carried, Base: e.base, Name: e.name, Key: e.entryKey, Data: e.data}
		e.inFlight = true
		o.inFlight++
		c.send(m)
	}
}

// goesOn says whether another entry is sent or, where entries are kept, given
// its seq: ahead is how many have theirs and cannot be sent yet.
func (c *Core) goesOn(o *outbox, ahead int) bool {
	if c.ledger == nil {
		return o.inFlight < maxInFlight
	}
	return ahead < maxAhead
}

// void sets the voids of a topic.
func (c *Core) void(o *outbox, v voids) {
	if !slices.Equal(o.voids, v) {
		o.voids = v
		c.ledger.noteVoids(o)
	}
}

// inFlight returns the entry that an answer is for, or nil.
func (c *Core) inFlight(topic string, seq uint64) (*outbox, *outgoing) {
	o := c.outboxes.byTopic[topic]
	if o == nil {
		return nil, nil
	}
	return o, o.find(seq)
}

func (c *Core) acknowledged(m *protocol.Ack) {
	o, e := c.inFlight(m.Topic, m.Seq)
	if e == nil {
		return
	}
	o.answered(e)
	o.refusals, o.outdated = 0, outdated{}
	c.void(o, o.voids.above(e.seq))
	c.outboxes.take(o, e)
	if e.base != nil {
		o.taken = max(o.taken, m.Offset)
	}
	if !e.settled {
		e.settled = true
		c.emit(Settled{Key: e.key, Position: protocol.Position{Term: m.Term, Offset: m.Offset}})
	}
	c.sendEntries(o)
}

func (c *Core) refused(m *protocol.RefusedMessage) {
	o, e := c.inFlight(m.Topic, m.Seq)
	if e == nil {
		return
	}
	o.answered(e)
	gone := m.Error.Code == protocol.RebaseRequired && e.moves && e.settled // nobody says it anew
	if m.Error.Code == protocol.RebaseRequired && !gone && !o.outdate(e) {
		c.shut()
		c.end(nil, endFair)
		return
	}
	o.stalled = true
	switch {
	case gone:
		c.void(o, o.voids.add(e.seq, e.seq))
		c.outboxes.remove(o, e)
	case m.Error.Code == protocol.TokenExpired:
		c.expire(m.Error)
	case m.Error.Code == protocol.RebaseRequired && o.outdated.times == 1: // said anew, it is another one
	default:
		if !o.counted {
			o.counted = true
			o.refusals++
		}
		o.hold = max(o.hold, c.now+c.retryAfter(m.Error, o.refusals))
	}
	c.sendEntries(o)
}

func (c *Core) rejected(m *protocol.RejectedMessage) {
	o, e := c.inFlight(m.Topic, m.Seq)
	if e == nil {
		return
	}
	o.answered(e)
	o.stalled = true
	if m.Error.Code == protocol.ClientExpired && c.forget() {
		c.rejectedUnknown(o, e, m.Error)
	} else {
		c.void(o, o.voids.add(e.seq, e.seq))
		c.outboxes.remove(o, e)
		c.amends(o)
		c.settle(e, m.Error, false)
	}
	c.sendEntries(o)
}

// rejectedUnknown handles an entry whose client the server has forgotten. It
// stays, for the new client to send, unless it may be in the log from before.
func (c *Core) rejectedUnknown(o *outbox, e *outgoing, err *protocol.Error) {
	if e.doubtful || e.settled {
		c.outboxes.remove(o, e)
		c.amends(o)
		c.settle(e, err, true)
	}
}

func (c *Core) gap(m *protocol.GapMessage) {
	o, e := c.inFlight(m.Topic, m.Seq)
	if e == nil {
		return
	}
	o.answered(e)
	o.stalled = true
	e.doubtful = false
	if lowest := o.entries[0].seq; m.Expected < lowest {
		c.void(o, o.voids.add(m.Expected, lowest-1))
	}
	c.sendEntries(o)
}
