package core

import (
	"maps"
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
type ledger struct {
	batch, stored uint64 // the latest that was told, and the latest that is stored
	client        bool   // it has changed
	told          uint64 // the batch that told it as it now is
	topics        map[*outbox]bool
	entries       map[*outgoing]bool
	gone          []uint64
}

func newLedger() *ledger {
	return &ledger{topics: map[*outbox]bool{}, entries: map[*outgoing]bool{}}
}

// noteClient notes that the client has another secret, run or id.
func (l *ledger) noteClient() {
	if l != nil {
		l.client = true
		l.told = l.batch + 1
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
	}
}

// noteGone notes that an entry has left the queue.
func (l *ledger) noteGone(e *outgoing) {
	if l != nil {
		delete(l.entries, e)
		l.gone = append(l.gone, e.key)
	}
}

// holds says whether an entry is stored as it now is, and so are the voids of
// its topic, and the client.
func (l *ledger) holds(o *outbox, e *outgoing) bool {
	return l == nil || max(l.told, o.told, e.told) <= l.stored
}

// tellKept tells the batch of this step, if anything has changed.
func (c *Core) tellKept() {
	l := c.ledger
	if l == nil || !l.client && len(l.topics)+len(l.entries)+len(l.gone) == 0 {
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
	if l := c.ledger; l != nil && k.Batch <= l.batch {
		l.stored = max(l.stored, k.Batch)
		for _, o := range c.outboxes.order {
			c.sendEntries(o)
		}
	}
}
