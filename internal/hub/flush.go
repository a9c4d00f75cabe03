package hub

import (
	"errors"
	"os"

	"github.com/tuttisync/tutti/protocol"
)

// flush gathers what is to be said and read, of all topics, and writes it in
// one go. One writer flushes a connection at a time. It returns the scratch
// slice for the next.
func (c *Conn) flush(frames [][]byte) [][]byte {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return frames
	}
	replies := c.replies
	c.replies = nil
	var dirty []*cursor
	var watches []*watch
	if !c.paused && c.ending == nil {
		dirty, c.dirty = c.dirty, nil
		for _, cur := range dirty {
			cur.dirty = false
		}
		watches, c.news = c.news, nil
		for _, w := range watches {
			w.dirty = false
		}
	}
	c.makeRoom()
	c.mu.Unlock()

	if len(replies) > 0 {
		frames = append(frames, replies)
	}
	frames, paged := c.takePage(frames)
	frames, found := c.gather(frames, dirty, flushBytes-paged.bytes-paged.shared.size())
	clear(dirty)
	frames, told, again := c.announce(frames, watches, flushBytes-paged.bytes-paged.shared.size()-found.own)
	found.own += told
	c.mu.Lock()
	for _, w := range again {
		if !w.closed && !w.dirty {
			w.dirty = true
			c.news = append(c.news, w)
		}
	}
	if c.dirty == nil {
		c.dirty = dirty[:0]
	}
	for _, cur := range found.again {
		if !cur.closed && !cur.dirty {
			cur.dirty = true
			c.dirty = append(c.dirty, cur)
		}
	}
	for _, cur := range found.behind {
		if !cur.closed {
			c.fall(cur)
		}
	}
	c.fetch()
	if len(frames) > 0 {
		c.session.Said(c.hub.now())
	}
	c.account.flying, c.account.sending = len(replies)+paged.bytes+found.own, true
	c.account.shared = paged.shared
	c.count()
	c.mu.Unlock()

	if len(frames) == 0 {
		c.rest()
		return frames
	}
	bytes := 0
	for _, f := range frames {
		bytes += len(f)
	}
	c.hub.config.Metrics.Sent(bytes)
	c.hub.config.Metrics.Delivered(paged.entries + found.entries)
	done, err := c.peer.Send(frames, c.onSent)
	switch {
	case err != nil:
		c.fail()
	case done:
		c.rest()
	default:
		c.stall()
		return make([][]byte, 0, cap(frames))
	}
	clear(frames)
	return frames[:0]
}

// gathered is what was found in the rings: cursors that have more to read there,
// those that must read from the store, how many entries were read,
// and how many bytes of that are no ring's.
type gathered struct {
	again, behind []*cursor
	entries       int
	own           int
}

// gather reads the cursors from the rings.
func (c *Conn) gather(frames [][]byte, dirty []*cursor, budget int) (_ [][]byte, found gathered) {
	c.account.round++
	for i, cur := range dirty {
		if budget <= 0 {
			found.again = append(found.again, dirty[i:]...)
			return frames, found
		}
		c.mu.Lock()
		closed := cur.closed
		c.mu.Unlock()
		if closed {
			continue
		}
		var n news
		var err error
		from := cur.next
		frames, n, err = cur.collect(c.hub.ctx, frames, budget, false)
		if err != nil {
			c.unreadable(cur, err)
			continue
		}
		if n.lost != nil {
			c.lost(cur, *n.lost)
		}
		if n.lent {
			cur.lent = loan{round: c.account.round, from: from, bytes: n.bytes}
		} else {
			found.own += n.bytes
		}
		budget -= n.bytes
		found.entries += n.entries
		switch {
		case n.behind:
			found.behind = append(found.behind, cur)
		case n.more:
			found.again = append(found.again, cur)
		}
	}
	return frames, found
}

// rest ends a flush: the connection goes back into the queue, or waits to be
// woken, or, having said why, is closed.
func (c *Conn) rest() {
	c.mu.Lock()
	c.unstall()
	c.count()
	if len(c.replies) > 0 || ((len(c.dirty)+len(c.news) > 0 || c.catchup.waits()) && !c.paused && c.ending == nil) {
		c.mu.Unlock()
		c.hub.writers.push(c.hub, []*Conn{c})
		return
	}
	c.writing = false
	ending, leaving := c.ending, c.leaving && c.catchup.idle()
	c.ended = c.ended || ending != nil || leaving
	c.makeRoom()
	c.mu.Unlock()
	switch {
	case ending != nil:
		c.peer.Close(closeCode(ending), string(ending.Code))
	case leaving:
		c.peer.Close(1000, "")
	}
}

// closeCode is the close code of the error's row, or, for one that ends no
// connection by itself but stood in hello's way, that of a row like it.
func closeCode(err *protocol.Error) int {
	if code := err.Kind().Close; code != 0 {
		return code
	}
	if err.Retryable {
		return protocol.Errorf(protocol.Internal, "").Kind().Close
	}
	return protocol.Errorf(protocol.BadMessage, "").Kind().Close
}

// sent goes on after a write that had stalled.
func (c *Conn) sent(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.hub.config.Metrics.Stalled()
	}
	if err != nil {
		c.fail()
		return
	}
	c.rest()
}

// fail gives the transport up; it will call Closed.
func (c *Conn) fail() {
	c.mu.Lock()
	c.ended = true
	c.makeRoom()
	c.mu.Unlock()
	c.peer.Close(0, "")
}
