package core

import (
	"maps"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// apply puts what a former life kept before all that is queued. Without the
// client that gave them, seqs say nothing.
func (r Restore) apply(c *Core) {
	if c.ledger == nil || c.connection.state != Idle {
		return
	}
	if k := r.Client; k != nil {
		c.identity = identity{secret: k.Secret, taken: k.Taken, run: k.Run, id: k.ID}
		c.client = k.ID
		c.ledger.born = 0
	}
	b := &c.outboxes
	queued := b.clear()
	if r.Client != nil {
		for _, topic := range slices.Sorted(maps.Keys(r.Topics)) {
			o := b.of(topic)
			k := r.Topics[topic]
			o.last, o.voids, o.taken, o.awaited = k.Last, k.Voids, k.Taken, k.Taken > 0
		}
	}
	for i, k := range r.Entries {
		e := &outgoing{
			key: k.Key, topic: k.Topic, name: k.Name, entryKey: k.EntryKey, base: k.Base, moves: k.Positional && k.Base != nil,
			data: k.Data, deadline: Never, place: i - len(r.Entries),
		}
		o := b.of(k.Topic)
		if r.Client != nil {
			e.seq, e.doubtful = k.Seq, k.Seq > 0
			o.last = max(o.last, k.Seq)
		}
		b.add(o, e)
		if err := checkEntry(k.Topic, k.Name, k.EntryKey, k.Base, k.Data); err != nil {
			b.remove(o, e)
			c.settle(e, protocol.AsError(err), false)
		}
	}
	for _, e := range queued {
		b.add(b.of(e.topic), e)
	}
}

// clear takes out everything that is queued, and returns it in the order of
// publishing.
func (b *outboxes) clear() []*outgoing {
	var queued []*outgoing
	for _, o := range b.order {
		queued = append(queued, o.entries...)
	}
	slices.SortFunc(queued, byPlace)
	next := newOutboxes(b.ledger)
	next.places = b.places
	*b = next
	return queued
}
