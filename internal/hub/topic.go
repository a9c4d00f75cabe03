package hub

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// Topic is one topic as this node sees it: the durable head, the rings, the
// readers that wait, and the inbox of its sequencer.
type Topic struct {
	hub       *Hub
	name      string
	namespace Namespace
	log       store.Log

	loading sync.Mutex // held while the topic is read from the store

	mu      sync.Mutex // guards the fields below
	loaded  bool
	gone    bool // the hub has let the topic go
	head    uint64
	first   uint64 // lowest offset that can be read
	terms   []store.TermStart
	rings   [encodings]*ring
	cursors int       // readers
	waiting []*cursor // readers that have read all
	spare   []*cursor // the other half of waiting, to be reused
	told    time.Time // when the newest batch was told
	used    time.Time // when the last reader or command was here
	looked  uint64    // the head at the last sweep
	swept   time.Time // when old entries were last looked for
	tidying bool      // a task is doing so
	inbox   inbox
	latest  *knowledge // of its keys; nil while no reader needed it

	document *document // nil: the topic is none

	// Used while tidying.
	forgot     time.Time // when the search for old rows last began
	forgetting string    // key of the row that it has come to, empty when it is through

	// sequencer is used by the one task that works the inbox, and by who holds the
	// lock while none does.
	sequencer *topic.Sequencer
}

// topic returns the topic, read from the store.
func (h *Hub) topic(ctx context.Context, name string) (*Topic, error) {
	if err := protocol.CheckTopic(name); err != nil {
		return nil, err
	}
	namespace, err := h.config.Namespace(name)
	if err != nil {
		return nil, err
	}
	shard := &h.topics[maphash.String(h.seed, name)%topicShards]
	shard.mu.Lock()
	t := shard.topics[name]
	if t == nil {
		t = &Topic{hub: h, name: name, namespace: namespace, log: h.config.Durable}
		if namespace.Memory {
			t.log = h.config.Memory
		}
		if namespace.Type != nil {
			t.document = &document{topic: t, kind: namespace.Type}
		}
		shard.topics[name] = t
	}
	t.mu.Lock()
	t.used = h.now()
	loaded := t.loaded
	t.mu.Unlock()
	shard.mu.Unlock()
	if !loaded {
		if err := t.load(ctx); err != nil {
			return nil, h.storeError(err)
		}
	}
	return t, nil
}

// lookup returns the topic if this node holds it.
func (h *Hub) lookup(name string) *Topic {
	shard := &h.topics[maphash.String(h.seed, name)%topicShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.topics[name]
}

// load reads where the log stands. What is appended meanwhile is told by
// appended, which only ever raises the head, and notes its term if the topic
// has none.
func (t *Topic) load(ctx context.Context) error {
	t.loading.Lock()
	defer t.loading.Unlock()
	t.mu.Lock()
	loaded := t.loaded
	t.mu.Unlock()
	if loaded {
		return nil
	}
	head, err := t.log.Head(ctx, t.name)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	terms, err := t.log.Terms(ctx, t.name)
	if err != nil {
		return fmt.Errorf("read terms: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = max(t.head, head.Last)
	t.first = head.First
	if n := len(terms); len(t.terms) > 0 && (n == 0 || terms[n-1].Term != t.terms[0].Term) {
		terms = append(terms, t.terms...)
	}
	t.terms = terms
	t.trimTerms()
	t.loaded = true
	return nil
}

// appended brings a durable batch to the readers.
func (h *Hub) appended(log store.Log, a store.Appended) {
	t := h.lookup(a.Topic)
	if t == nil || t.log != log {
		return
	}
	h.config.Metrics.Entries(len(a.Entries))
	wake := t.publish(a)
	h.writers.push(h, wake)
}

// publish adds a batch to the topic and returns the connections that waited
// for it.
func (t *Topic) publish(a store.Appended) []*Conn {
	t.mu.Lock()
	last := a.First + uint64(len(a.Entries)) - 1
	if last <= t.head {
		t.mu.Unlock()
		return nil
	}
	for e, r := range t.rings {
		if r != nil {
			t.fill(Encoding(e), r, a)
		}
	}
	t.head, t.told = last, t.hub.now()
	if n := len(t.terms); n == 0 || t.terms[n-1].Term != t.log.Term() {
		t.terms = append(t.terms, store.TermStart{Term: t.log.Term(), Offset: a.First})
	}
	if t.latest != nil {
		t.latest.addStored(a.First, a.Entries)
		t.charge()
	}
	woken := t.waiting
	t.waiting, t.spare = t.spare[:0], nil
	for _, c := range woken {
		c.waiting = false
	}
	t.mu.Unlock()

	ready := wakeAll(woken)
	clear(woken)
	t.mu.Lock()
	t.spare = woken[:0]
	t.mu.Unlock()
	return ready
}

// wakeAll tells cursors that they have something to read, and returns the
// connections that writers must be found for.
func wakeAll(cursors []*cursor) []*Conn {
	var ready []*Conn
	for i, c := range cursors {
		if conn := c.reader.wake(c); conn != nil {
			if ready == nil {
				ready = make([]*Conn, 0, len(cursors)-i)
			}
			ready = append(ready, conn)
		}
	}
	return ready
}

// fill encodes a batch into a ring, within the budget of all rings.
func (t *Topic) fill(e Encoding, r *ring, a store.Appended) {
	h := t.hub
	before := r.bytes
	buf := takeBuffer()
	for i, stored := range a.Entries {
		*buf = h.config.Encoders[e]((*buf)[:0], t.name, stored)
		r.append(a.First+uint64(i), *buf)
	}
	putBuffer(buf)
	r.trim(h.config.TopicRing)
	total := h.rings.bytes.Add(int64(r.bytes - before))
	if over := total - h.config.RingBytes; over > 0 {
		freed := r.trim(max(r.bytes-int(over), 0))
		h.rings.bytes.Add(-int64(freed))
		h.rings.full.Store(true)
	}
}

// attach counts a reader and makes its ring appear.
func (t *Topic) attach(c *cursor) {
	t.cursors++
	if t.rings[c.encoding] == nil {
		t.rings[c.encoding] = &ring{next: t.head + 1}
	}
}

// detach takes a reader away; its mark goes with it.
func (t *Topic) detach(c *cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.detached {
		return
	}
	c.detached = true
	t.cursors--
	t.used = t.hub.now()
	if c.waiting {
		c.waiting = false
		last := len(t.waiting) - 1
		moved := t.waiting[last]
		t.waiting[c.slot] = moved
		moved.slot = c.slot
		t.waiting[last] = nil
		t.waiting = t.waiting[:last]
	}
}

// position returns the position of an offset up to the head.
func (t *Topic) position(offset uint64) protocol.Position {
	return protocol.Position{Term: topic.TermAt(t.terms, offset), Offset: offset}
}

// valid says whether the log has the position and still holds all behind it
// (rule POS-2).
func (t *Topic) valid(p protocol.Position) bool {
	if p.Offset+1 < t.first || p.Offset > t.head {
		return false
	}
	return p.Offset == 0 || topic.TermAt(t.terms, p.Offset) == p.Term
}

// truncated notes that entries below first are gone.
func (t *Topic) truncated(first uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first = max(t.first, first)
	t.trimTerms()
}

// trimTerms lets go of the terms by which no position is judged: positions before
// the first entry are valid in a document alone (rule DOC-11). The topic's lock is
// held.
func (t *Topic) trimTerms() {
	if t.document != nil {
		return
	}
	i := slices.IndexFunc(t.terms, func(s store.TermStart) bool { return s.Offset >= t.first })
	if i < 0 {
		i = len(t.terms)
	}
	if i > 1 {
		t.terms = slices.Delete(t.terms, 0, i-1)
	}
}
