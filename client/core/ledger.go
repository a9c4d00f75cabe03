package core

import (
	"maps"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// KeptClient is what a client keeps of itself.
type KeptClient struct {
	Secret protocol.Secret `json:"secret"`
	Taken  int64           `json:"taken"`        // when the secret was taken, on the core's clock
	Run    uint64          `json:"run"`          // the highest that was said
	ID     string          `json:"id,omitempty"` // empty: no server has told it yet
}

// KeptTopic is what a client keeps of a topic.
type KeptTopic struct {
	Last  uint64           `json:"last"`  // the highest seq given
	Voids []protocol.Range `json:"voids"` // that an entry is still to carry
	// Taken is told by [Restore] alone: the highest offset of an operation that the
	// server took for the client, and that the document as it was stored does not hold.
	Taken uint64 `json:"taken,omitzero"`
}

// KeptEntry is what a client keeps of an entry.
type KeptEntry struct {
	Key        uint64         `json:"key"`
	Topic      string         `json:"topic"`
	Seq        uint64         `json:"seq,omitzero"` // 0: it was never given one
	Name       string         `json:"name,omitempty"`
	EntryKey   string         `json:"entryKey,omitempty"`
	Base       *uint64        `json:"base,omitzero"`
	Positional bool           `json:"positional,omitzero"`
	Data       jsontext.Value `json:"data"`
}

// ledger is what of a client has changed and is still to be told to whoever
// stores it, and what is stored. What changes in a step is told at its end, as
// one batch; so the number of the batch that tells a change is known at once.
// A nil ledger is that of a client that keeps nothing: it takes no notice, and
// holds whatever it is asked for.
//
// Nothing is sent that a later life would send as something else, nor under a seq
// that it would say for something else (rules OUT-2, OUT-10). What that life finds
// is what is stored when this one ends, and of what is being stored then nobody
// knows. So an entry is sent when it is stored under its seq. While storing fails,
// one of which nothing is stored is sent too, at a moment when nothing is being
// stored, by a client of which nothing is stored.
type ledger struct {
	batch, stored uint64 // the latest that was told, and the latest that is stored
	client        bool   // it has changed
	told          uint64 // the batch that told it as it now is
	topics        map[*outbox]bool
	entries       map[*outgoing]bool
	gone          []uint64
	born          uint64      // the batch that told that the client is a new one
	ended         []*outgoing // not in the log, and not queued any more; they may be stored still
	failing       bool        // what was told since cannot be stored for now
	resting       bool        // and in this step nothing is being stored
}

func newLedger() *ledger {
	return &ledger{topics: map[*outbox]bool{}, entries: map[*outgoing]bool{}, born: math.MaxUint64}
}

// noteClient notes that the client has another secret, run or id.
func (l *ledger) noteClient() {
	if l != nil {
		l.client = true
		l.told = l.batch + 1
	}
}

// noteBirth notes that the client is a new one from now on.
func (l *ledger) noteBirth() {
	if l != nil {
		l.born = l.batch + 1
	}
}

// noteLast notes that a topic's highest seq has changed.
func (l *ledger) noteLast(o *outbox) {
	if l != nil {
		l.topics[o] = true
	}
}

// noteVoids notes that a topic's voids have changed.
func (l *ledger) noteVoids(o *outbox) {
	if l != nil {
		l.topics[o] = true
		o.told = l.batch + 1
	}
}

// note notes that an entry is new, or has another seq, base or data.
func (l *ledger) note(e *outgoing) {
	if l != nil {
		l.entries[e] = true
		e.told = l.batch + 1
		e.first = min(e.first, e.told)
	}
}

// noteGone notes that an entry has left the queue.
func (l *ledger) noteGone(e *outgoing) {
	if l != nil {
		delete(l.entries, e)
		l.gone = append(l.gone, e.key)
		e.told = l.batch + 1
	}
}

// noteEnded notes that one that has left the queue is not in the log.
func (l *ledger) noteEnded(e *outgoing) {
	if l != nil {
		l.ended = append(l.ended, e)
	}
}

// holds says whether an entry may be sent: wherever this life ends, the next one
// does not send it as another.
func (l *ledger) holds(o *outbox, e *outgoing) bool {
	switch {
	case l == nil:
		return true
	case l.keeps(e):
		return l.failing || max(l.told, o.told) <= l.stored
	case !l.failing || !l.unknown() || !l.lacks(e):
		return false
	}
	if !l.resting {
		l.entries[e] = true // told again, it is tried again to store it
	}
	return l.resting
}

// keeps says whether an entry is stored as it now is.
func (l *ledger) keeps(e *outgoing) bool { return e.told <= l.stored }

// unknown says whether nothing is stored of the client: a later life goes on as
// another.
func (l *ledger) unknown() bool { return l.born > l.stored }

// lacks says whether nothing is stored of an entry, nor of one before it in its topic
// that a later life would send.
func (l *ledger) lacks(e *outgoing) bool {
	return e.first > l.stored && !slices.ContainsFunc(l.ended, func(before *outgoing) bool {
		return before.topic == e.topic && before.first <= l.stored
	})
}

// tellKept tells the batch of this step, if anything has changed.
func (c *Core) tellKept() {
	l := c.ledger
	if l == nil {
		return
	}
	if l.resting = false; !l.client && len(l.topics)+len(l.entries)+len(l.gone) == 0 {
		return
	}
	l.batch++
	keep := Keep{Batch: l.batch, Gone: l.gone}
	if l.client {
		id := c.identity
		keep.Client = &KeptClient{Secret: id.secret, Taken: id.taken, Run: id.run, ID: id.id}
	}
	if len(l.topics) > 0 {
		keep.Topics = map[string]KeptTopic{}
	}
	for o := range l.topics {
		keep.Topics[o.topic] = KeptTopic{Last: o.last, Voids: o.voids}
	}
	for _, e := range slices.SortedFunc(maps.Keys(l.entries), byPlace) {
		keep.Entries = append(keep.Entries, KeptEntry{
			Key: e.key, Topic: e.topic, Seq: e.seq, Name: e.name, EntryKey: e.entryKey,
			Base: e.base, Positional: e.moves, Data: e.data,
		})
	}
	l.client, l.gone = false, nil
	clear(l.topics)
	clear(l.entries)
	c.emit(keep)
}

func (k Kept) apply(c *Core) {
	l := c.ledger
	if l == nil {
		return
	}
	if l.stored < k.Batch && k.Batch <= l.batch {
		l.stored, l.failing = k.Batch, false
		l.ended = slices.DeleteFunc(l.ended, l.keeps)
	}
	for _, o := range c.outboxes.order {
		c.sendEntries(o)
	}
}

func (Unkept) apply(c *Core) {
	if c.ledger == nil {
		return
	}
	c.ledger.failing, c.ledger.resting = true, true
	for _, o := range c.outboxes.order {
		c.sendEntries(o)
	}
	c.giveIn()
	c.renewIfAnswered()
}

// giveIn calls for a new client if what is not stored can be sent by no other, since
// a later life would go on as this one. What is stored is first sent by this one.
func (c *Core) giveIn() {
	l := c.ledger
	if l.unknown() {
		return
	}
	lacks := false
	for _, o := range c.outboxes.order {
		for _, e := range o.entries {
			if e.seq > 0 && l.keeps(e) && (e.base == nil || c.documentOpen(o.topic)) {
				return
			}
		}
		lacks = lacks || len(o.entries) > 0 && l.lacks(o.entries[0])
	}
	if lacks {
		c.identity.expire(c.now)
	}
}
