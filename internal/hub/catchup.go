package hub

import (
	"time"

	"github.com/tuttisync/tutti/protocol"
)

const (
	// maxFetches is how many connections read from the store at once, apart
	// from those that are written to.
	maxFetches = 4
	// maxScans is how many topics learn their keys at once.
	maxScans = 2
	// maxStreamReads is how many streams read from the store at once.
	maxStreamReads = 8
)

// catchup is how a connection reads from the store without holding up those
// that are served from the rings: one cursor at a time is read by a pool of its
// own, and what was read waits for the writers. So a connection that is behind,
// however far, holds one page and what is being written. The connection's lock
// guards it.
type catchup struct {
	behind  []*cursor // that must be read from the store, in order
	running bool      // the first of them is being read
	page    *page     // what was read, until it is said
	notices []byte    // frames to be said right behind it
	aside   int       // cursors that wait until their topic knows its keys
}

// page is what was read from the store for a cursor.
type page struct {
	cursor *cursor
	frames [][]byte
	news   news
	err    error
}

// idle says whether nothing is on its way from the store.
func (u *catchup) idle() bool {
	return u == nil || !u.running && u.page == nil && len(u.behind) == 0 && u.aside == 0
}

// waits says whether a page waits to be said.
func (u *catchup) waits() bool { return u != nil && u.page != nil }

// notify says a message right behind the page that is being read or waits, of
// which it may speak, or with the replies if there is none. c.mu is held.
func (c *Conn) notify(message any) {
	if u := c.catchup; u != nil && (u.running || u.page != nil) {
		u.notices = c.framed(u.notices, message)
		c.count()
		return
	}
	c.frame(message)
}

// unsaid is how many bytes of messages wait to be said. c.mu is held.
func (c *Conn) unsaid() int {
	n := len(c.replies)
	if c.catchup != nil {
		n += len(c.catchup.notices)
	}
	return n
}

// fall puts a cursor among those that are behind. c.mu is held.
func (c *Conn) fall(cur *cursor) {
	if c.catchup == nil {
		c.catchup = &catchup{}
	}
	cur.away = true
	c.catchup.behind = append(c.catchup.behind, cur)
}

// fetch starts reading for the next cursor that is behind, unless a page waits.
// c.mu is held.
func (c *Conn) fetch() {
	u := c.catchup
	if u == nil || len(u.behind) == 0 || u.running || u.page != nil || c.paused || c.ending != nil || c.ended {
		return
	}
	u.running = true
	c.hub.fetches.push(c.hub, c.fetchPage)
}

func (c *Conn) fetchPage() {
	c.mu.Lock()
	u := c.catchup
	if u == nil {
		c.mu.Unlock()
		return // the connection has ended
	}
	var cur *cursor
	for cur == nil && len(u.behind) > 0 {
		if !u.behind[0].closed {
			cur = u.behind[0]
		}
		u.behind[0] = nil
		u.behind = u.behind[1:]
	}
	if len(u.behind) == 0 {
		u.behind = nil
	}
	c.mu.Unlock()
	var p *page
	if cur != nil {
		p = &page{cursor: cur}
		p.frames, p.news, p.err = c.readPage(cur)
	}
	c.mu.Lock()
	u.running = false
	if !c.ended {
		u.page = p
	}
	if p == nil {
		c.replies = append(c.replies, u.notices...)
		u.notices = nil
	}
	start := c.schedule()
	c.mu.Unlock()
	c.queue(start)
}

// readPage reads what comes next for a cursor from the store: entries, or the
// document in their place.
func (c *Conn) readPage(cur *cursor) ([][]byte, news, error) {
	if !cur.wants {
		frames, n, err := cur.collect(c.hub.ctx, nil, flushBytes, true)
		if err != nil || !n.behind {
			return frames, n, err
		}
	}
	frames, n, err := c.snapshot(cur)
	if err != nil || n.shared != nil {
		return frames, n, err
	}
	frames, n, err = cur.collect(c.hub.ctx, nil, flushBytes, true)
	if err == nil && n.behind {
		err = protocol.Errorf(protocol.Overloaded, "").After(time.Second) // the document is as far behind as its reader
	}
	return frames, n, err
}

// takePage adds to frames what was read from the store, if anything was.
func (c *Conn) takePage(frames [][]byte) (_ [][]byte, said news) {
	c.mu.Lock()
	if !c.catchup.waits() || c.paused || c.ending != nil {
		c.mu.Unlock()
		return frames, said
	}
	p, notices := c.catchup.page, c.catchup.notices
	c.catchup.page, c.catchup.notices = nil, nil
	cur := p.cursor
	closed := cur.closed
	if !closed {
		cur.away = false
		switch {
		case p.err != nil:
		case p.news.more || cur.dirty:
			cur.dirty = true
			c.dirty = append(c.dirty, cur)
		case p.news.aside:
			cur.aside = true
			c.catchup.aside++
		}
	}
	c.mu.Unlock()
	switch {
	case closed:
	case p.err != nil:
		c.unreadable(cur, p.err)
	default:
		if p.news.lost != nil {
			c.lost(cur, *p.news.lost)
		}
		frames, said = append(frames, p.frames...), p.news
		if said.shared != nil {
			c.hub.config.Metrics.SnapshotTold()
		}
	}
	if len(notices) > 0 {
		frames = append(frames, notices)
		said.bytes += len(notices)
	}
	return frames, said
}

// shut lets nothing more be read by a cursor. c.mu is held.
func (c *Conn) shut(cur *cursor) {
	cur.closed = true
	if cur.aside {
		cur.aside = false
		c.catchup.aside--
	}
}
