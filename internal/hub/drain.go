package hub

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// comeBack spreads, beside the drain time, when those that were told to go
// come back.
const comeBack = 500 * time.Millisecond

// draining is what a reader is told that must go elsewhere.
func draining() *protocol.Error {
	return protocol.Errorf(protocol.Draining, "").After(1 + rand.N(comeBack))
}

// drain is the order in which readers are told to go, evenly over some time
// (rule DRAIN-2).
type drain struct {
	mu    sync.Mutex    // guards the fields below
	queue []member      // those that have not been told
	next  time.Time     // when the first of them is due
	every time.Duration // how much later each other is than the one before
	end   time.Time
}

// start queues members, to be told from now on, over the given time.
func (d *drain) start(now time.Time, over time.Duration, members []member) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = members
	d.plan(now, over)
}

// hasten lets the rest be told within the given time.
func (d *drain) hasten(now time.Time, within time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Add(within).Before(d.end) {
		d.plan(now, within)
	}
}

// plan spreads the queue over some time. d.mu is held.
func (d *drain) plan(now time.Time, over time.Duration) {
	d.next, d.end = now, now.Add(over)
	d.every = over / time.Duration(max(len(d.queue), 1))
}

// over says whether all have been told.
func (d *drain) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.queue) == 0
}

// due takes from the queue those whose time has come.
func (d *drain) due(now time.Time) []member {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for n < len(d.queue) && !d.next.After(now) {
		d.next = d.next.Add(d.every)
		n++
	}
	due := d.queue[:n]
	d.queue = d.queue[n:]
	return due
}

// Drain takes no new connections, and tells those that there are to come back
// elsewhere, spread over Config.Drain (rules DRAIN). Until a connection is told
// it works as ever. Drain does not wait.
func (h *Hub) Drain() { h.drainOver(h.config.Drain) }

func (h *Hub) drainOver(over time.Duration) {
	now := h.now()
	if h.closing.Swap(true) {
		h.drain.hasten(now, over)
	} else {
		h.drain.start(now, over, h.members.list())
	}
	h.tellDue(now)
}

func (h *Hub) tellDue(now time.Time) {
	for _, m := range h.drain.due(now) {
		m.drain()
	}
}

// drain ends the connection once all that it has said is answered. What it
// says from now on is not taken (rule DRAIN-3). A batch ends by itself.
func (c *Conn) drain() {
	if c.session.Road() == session.Batch {
		return
	}
	c.mu.Lock()
	c.going = true
	quit := c.quits()
	c.mu.Unlock()
	c.quit(quit)
}

// quits says whether the connection is to go and owes no answer. c.mu is held.
func (c *Conn) quits() bool { return c.going && !c.taking && c.pending == 0 }

func (c *Conn) quit(now bool) {
	if now {
		c.end(draining())
	}
}
