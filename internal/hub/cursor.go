package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	pageEntries = 512
	pageBytes   = 128 << 10
	sampled     = 64 // of so many reads one is measured
)

// reader is what stands behind a cursor.
type reader interface {
	// wake tells that the cursor has something to read. It returns a
	// connection that a writer must be found for, or nil.
	wake(c *cursor) *Conn
}

// cursor is one reader's place in one topic.
type cursor struct {
	topic    *Topic
	reader   reader
	encoding Encoding
	index    int    // among its reader's topics
	elseNew  bool   // where to go on when the place is lost
	document bool   // it reads a document
	least    uint64 // which its reader has up to here

	// Whoever reads uses these.
	opening bool   // a snapshot comes next, whatever the place
	wants   bool   // a snapshot comes next, if it brings the cursor on
	next    uint64 // offset to be read next
	skipped uint64 // entries just before it that were left out
	skipTo  uint64 // up to here it leaves out what has been superseded
	fetched uint64 // entries that it was given from the store

	// What the connection's latest flush took of a ring.
	lent loan

	// The topic's lock guards these.
	waiting  bool
	live     bool // it had read all, and lost nothing since
	slot     int  // in topic.waiting
	detached bool

	// The reader's lock guards these.
	dirty  bool // stands in the reader's list, or will when it is not away
	away   bool // is read from the store
	aside  bool // waits until its topic knows its keys
	closed bool // must not be read any more
}

// start tells where a cursor begins.
type start struct {
	position  protocol.Position
	recovered bool
	snapshot  bool   // of the document; it says where the entries begin
	least     uint64 // offset of that
}

// read opens a cursor on a topic. It does not wait yet: it must be read first.
func (h *Hub) read(ctx context.Context, r reader, e Encoding, sub protocol.Subscribe) (*cursor, start, error) {
	for {
		t, err := h.topic(ctx, sub.Topic)
		if err != nil {
			return nil, start{}, err
		}
		if sub.Doc != "" {
			if err := t.is(sub.Doc); err != nil {
				return nil, start{}, err
			}
		}
		if c, s := t.open(r, e, sub); c != nil {
			return c, s, nil
		}
	}
}

// open makes a cursor, or none if the topic was let go meanwhile: nobody would
// wake it.
func (t *Topic) open(r reader, e Encoding, sub protocol.Subscribe) (*cursor, start) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return nil, start{}
	}
	elseNew := sub.Else == "new"
	c := &cursor{topic: t, reader: r, encoding: e, elseNew: elseNew, document: sub.Doc != ""}
	var s start
	if c.document {
		s = t.startDocument(sub.From)
		c.opening, c.wants, c.least = s.snapshot, s.snapshot, s.least
	} else {
		s = t.start(sub.From, elseNew)
	}
	c.next = s.position.Offset + 1
	t.attach(c)
	return c, s
}

func (t *Topic) start(from protocol.From, elseNew bool) start {
	if p, ok := from.Position(); ok {
		if t.valid(p) {
			return start{position: t.position(p.Offset), recovered: true}
		}
		return start{position: t.anew(elseNew)}
	}
	at := t.head
	if n, ok := from.Last(); ok {
		at = max(t.first-1, t.head-min(n, t.head))
	} else if from.Earliest() {
		at = t.first - 1
	}
	return start{position: t.position(at), recovered: true}
}

// anew is where a reader starts whose place is lost.
func (t *Topic) anew(elseNew bool) protocol.Position {
	if elseNew {
		return t.position(t.head)
	}
	return t.position(t.first - 1)
}

// news is what a cursor found.
type news struct {
	bytes   int
	entries int
	lent    bool    // they are the ring's
	more    bool    // there is more to read now
	behind  bool    // it is in the store alone, and was not read
	aside   bool    // the reader will be woken when the topic knows its keys
	lost    *start  // the place was lost; reading goes on from here
	shared  *shared // the snapshot that many readers share, nil if there is none
}

// collect appends to dst what the cursor has not read yet, at most about max
// bytes, from the ring, or also from the store if fetch says so. When nothing
// is left it leaves a mark, and the reader will be woken.
func (c *cursor) collect(ctx context.Context, dst [][]byte, max int, fetch bool) ([][]byte, news, error) {
	t := c.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.detached {
		return dst, news{}, nil
	}
	if c.wants || c.document && c.next < t.first {
		c.wants = true
		return dst, news{behind: true}, nil
	}
	if c.next < t.first {
		s := start{position: t.anew(c.elseNew)}
		c.next, c.skipped, c.skipTo, c.live = s.position.Offset+1, 0, 0, false
		t.hub.config.Metrics.Lost()
		return dst, news{more: true, lost: &s}, nil
	}
	if c.next > t.head {
		c.mark()
		return dst, news{}, nil
	}
	var n news
	before := c.next
	if r := t.rings[c.encoding]; r != nil && r.holds(c.next) && !c.passing() {
		dst, c.next, n.bytes = r.read(dst, c.next, max)
		n.lent = true
		n.entries = int(c.next - before)
	} else if !fetch {
		c.wants = c.document && t.far(c.next)
		return dst, news{behind: true}, nil
	} else {
		head := t.head
		if t.namespace.Latest && !c.passing() {
			c.skipTo = head
		}
		t.mu.Unlock()
		var err error
		dst, n, err = c.fetch(ctx, dst, head, min(max, pageBytes))
		t.mu.Lock()
		if err != nil || n.aside {
			return dst, n, err
		}
	}
	if c.next > before {
		c.sample(before)
	}
	if c.next <= t.head || c.detached {
		n.more = !c.detached
	} else {
		c.mark()
	}
	return dst, n, nil
}

// fetch reads from the store.
func (c *cursor) fetch(ctx context.Context, dst [][]byte, head uint64, max int) ([][]byte, news, error) {
	var frames []byte
	var aside bool
	fetched := c.fetched
	var err error
	if c.topic.namespace.Latest {
		frames, aside, err = c.skip(ctx, max)
	} else {
		frames, err = c.page(ctx, head, max)
	}
	if len(frames) > 0 {
		dst = append(dst, frames)
	}
	return dst, news{bytes: len(frames), entries: int(c.fetched - fetched), aside: aside}, err
}

// sample notes now and then how far behind the cursor was before it was read
// from an offset on. The topic's lock is held.
func (c *cursor) sample(from uint64) {
	if rand.Uint32()%sampled != 0 {
		return
	}
	t := c.topic
	t.hub.config.Metrics.Lag(t.head + 1 - from)
	if c.live && c.next > t.head {
		t.hub.config.Metrics.Reached(t.hub.now().Sub(t.told))
	}
}

// mark asks to be woken. The topic's lock is held.
func (c *cursor) mark() {
	c.live = true
	if !c.waiting {
		c.waiting = true
		c.slot = len(c.topic.waiting)
		c.topic.waiting = append(c.topic.waiting, c)
	}
}

// page reads what comes next, up to the head: what is durable beyond it has not
// been told yet, and is no position to resume from.
func (c *cursor) page(ctx context.Context, head uint64, max int) ([]byte, error) {
	entries, err := c.topic.entries(ctx, c.next, int(min(pageEntries, head-c.next+1)), max)
	if err != nil {
		return nil, err
	}
	var frames []byte
	for _, e := range entries {
		frames = c.frame(frames, e)
	}
	c.next += uint64(len(entries))
	return frames, nil
}

// entries reads from the store, from first on. When that entry is not there any
// more it returns none, and notes it.
func (t *Topic) entries(ctx context.Context, first uint64, limit, max int) ([]store.Entry, error) {
	entries, err := t.log.Read(ctx, t.name, first-1, limit, max)
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	if len(entries) > 0 && entries[0].Offset == first {
		return entries, nil
	}
	head, err := t.log.Head(ctx, t.name)
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	if head.First <= first {
		return nil, fmt.Errorf("read log: offset %d is missing", first)
	}
	t.truncated(head.First)
	return nil, nil
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func takeBuffer() *[]byte { return buffers.Get().(*[]byte) }

// putBuffer gives a buffer back; a large one is left to the collector.
func putBuffer(b *[]byte) {
	if cap(*b) <= 64<<10 {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}
