package hub

import (
	"context"
	"fmt"
	"sync"

	"github.com/tuttisync/tutti/protocol"
)

const (
	pageEntries = 512
	pageBytes   = 128 << 10
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
	next     uint64 // offset to be read next; used by whoever reads

	// The topic's lock guards these.
	waiting  bool
	slot     int // in topic.waiting
	detached bool

	// The reader's lock guards these.
	dirty  bool // stands in the reader's list
	closed bool // must not be read any more
}

// start tells where a cursor begins.
type start struct {
	position  protocol.Position
	recovered bool
}

// read opens a cursor on a topic. It does not wait yet: it must be read first.
func (h *Hub) read(ctx context.Context, r reader, e Encoding, sub protocol.Subscribe) (*cursor, start, error) {
	for {
		t, err := h.topic(ctx, sub.Topic)
		if err != nil {
			return nil, start{}, err
		}
		if c, s := t.open(r, e, sub.From, sub.Else == "new"); c != nil {
			return c, s, nil
		}
	}
}

// open makes a cursor, or none if the topic was let go meanwhile: nobody would
// wake it.
func (t *Topic) open(r reader, e Encoding, from protocol.From, elseNew bool) (*cursor, start) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return nil, start{}
	}
	s := t.start(from, elseNew)
	c := &cursor{topic: t, reader: r, encoding: e, elseNew: elseNew, next: s.position.Offset + 1}
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
	bytes int
	more  bool   // there is more to read now
	lost  *start // the place was lost; reading goes on from here
}

// collect appends to dst what the cursor has not read yet, at most about max
// bytes. When nothing is left it leaves a mark, and the reader will be woken.
func (c *cursor) collect(ctx context.Context, dst [][]byte, max int) ([][]byte, news, error) {
	t := c.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.detached {
		return dst, news{}, nil
	}
	if c.next < t.first {
		s := start{position: t.anew(c.elseNew)}
		c.next = s.position.Offset + 1
		return dst, news{more: true, lost: &s}, nil
	}
	if c.next > t.head {
		c.mark()
		return dst, news{}, nil
	}
	var n news
	if r := t.rings[c.encoding]; r != nil && r.holds(c.next) {
		dst, c.next, n.bytes = r.read(dst, c.next, max)
	} else {
		head := t.head
		t.mu.Unlock()
		var err error
		dst, n.bytes, err = c.page(ctx, dst, head, max)
		t.mu.Lock()
		if err != nil {
			return dst, n, err
		}
	}
	if c.next <= t.head || c.detached {
		n.more = !c.detached
	} else {
		c.mark()
	}
	return dst, n, nil
}

// mark asks to be woken. The topic's lock is held.
func (c *cursor) mark() {
	if !c.waiting {
		c.waiting = true
		c.slot = len(c.topic.waiting)
		c.topic.waiting = append(c.topic.waiting, c)
	}
}

// page reads from the store, up to the head: what is durable beyond it has not
// been told yet, and is no position to resume from. When the entry that comes next is not there any
// more it reads nothing, and notes it.
func (c *cursor) page(ctx context.Context, dst [][]byte, head uint64, max int) ([][]byte, int, error) {
	t := c.topic
	entries, err := t.log.Read(ctx, t.name, c.next-1, int(min(pageEntries, head-c.next+1)), min(max, pageBytes))
	if err != nil {
		return dst, 0, fmt.Errorf("read log: %w", err)
	}
	if len(entries) == 0 || entries[0].Offset != c.next {
		head, err := t.log.Head(ctx, t.name)
		if err != nil {
			return dst, 0, fmt.Errorf("read head: %w", err)
		}
		if head.First <= c.next {
			return dst, 0, fmt.Errorf("read log: offset %d is missing", c.next)
		}
		t.truncated(head.First)
		return dst, 0, nil
	}
	var frames []byte
	encode := t.hub.config.Encoders[c.encoding.alone()]
	for _, e := range entries {
		frames = encode(frames, t.name, e.Data)
	}
	c.next += uint64(len(entries))
	return append(dst, frames), len(frames), nil
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
