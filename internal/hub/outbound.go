package hub

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// outbound is the memory that holds what readers have been sent and have not
// taken yet: answers, and what was gathered of topics. What nobody has gathered
// costs nothing, so a reader that takes nothing holds its answers and one
// write's worth. Most of that is lent by rings, and costs nothing either until
// the ring moves on: so readers that are slow together, behind the same
// entries, are not taken for many.
//
// Above the bound of all, whoever holds something is not read from, pages of
// history are refused, and those that hold the most are closed (rule LIMIT-12).
type outbound struct {
	most  int64 // of all; 0: no bound
	bytes atomic.Int64
	// relieved: the worst were closed since the last tick.
	relieved atomic.Bool

	mu      sync.Mutex // guards the field below
	stalled map[*Conn]struct{}
}

func (o *outbound) over() bool { return o.most > 0 && o.bytes.Load() > o.most }

// held changes what is held, from n bytes to m.
func (h *Hub) held(n, m int) {
	if n == m {
		return
	}
	h.outbound.bytes.Add(int64(m - n))
	if m > n && h.outbound.over() && !h.outbound.relieved.Swap(true) {
		h.spawn(h.relieve)
	}
}

// Hold counts the bytes of an answer to the outbound account until release is
// called; overloaded if there is no room for them.
func (h *Hub) Hold(bytes int) (release func(), err error) {
	if h.outbound.most > 0 && h.outbound.bytes.Load()+int64(bytes) > h.outbound.most {
		return nil, overloaded(protocol.OutboundTotalLimit)
	}
	h.held(0, bytes)
	return func() { h.held(bytes, 0) }, nil
}

// relieve closes those that hold the most, until the rest is within the bound.
// What is being closed already counts as gone.
func (h *Hub) relieve() {
	type debt struct {
		member member
		bytes  int
	}
	var debts []debt
	over := h.outbound.bytes.Load() - h.outbound.most
	for _, m := range h.members.list() {
		switch bytes, leaving := m.holds(); {
		case leaving:
			over -= int64(bytes)
		case bytes > 0:
			debts = append(debts, debt{m, bytes})
		}
	}
	slices.SortStableFunc(debts, func(a, b debt) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, d := range debts {
		if over <= 0 {
			return
		}
		over -= int64(d.bytes)
		d.member.shed(protocol.OutboundTotalLimit)
	}
}

func overloaded(l protocol.Limit) *protocol.Error {
	return protocol.Errorf(protocol.Overloaded, "Too much waits to be taken.").After(time.Second).Of(l)
}

// account is what waits for one connection's peer.
type account struct {
	round    uint32          // counts flushes; used by the one that flushes
	flying   int             // bytes being written, but those that are a ring's
	shared   *shared         // the snapshot that is being written
	called   int             // bytes of snapshots that nobody else holds any more
	held     int             // bytes in the hub's account
	sending  bool            // a write goes on
	stalled  bool            // and did not end at once
	shedding bool            // too much waits; shed will be called
	shed     *protocol.Error // why the connection is being closed over what it holds
	closed   bool            // the transport has ended
}

// loan is what a flush took of a ring.
type loan struct {
	round uint32
	from  uint64 // offset
	bytes int
}

// count brings the hub's account of what the connection holds up to date.
// c.mu is held.
func (c *Conn) count() {
	n := c.unsaid() + c.account.flying + c.account.called
	if c.account.closed {
		n = 0
	}
	c.hub.held(c.account.held, n)
	c.account.held = n
}

// stall notes a write that did not end at once, unless it has ended since.
func (c *Conn) stall() {
	c.mu.Lock()
	if err := c.account.shed; err != nil && c.account.sending {
		c.mu.Unlock()
		c.cut(err)
		return
	}
	defer c.mu.Unlock()
	if !c.account.sending || c.account.closed {
		return
	}
	c.account.stalled = true
	if c.unsaid() > 0 {
		c.tooMuch()
	}
	o := &c.hub.outbound
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stalled == nil {
		o.stalled = make(map[*Conn]struct{})
	}
	o.stalled[c] = struct{}{}
}

// unstall notes that the write has ended. c.mu is held.
func (c *Conn) unstall() {
	c.account.flying, c.account.sending = 0, false
	c.account.shared, c.account.called = nil, 0
	if !c.account.stalled {
		return
	}
	c.account.stalled = false
	o := &c.hub.outbound
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.stalled, c)
}

// callIn takes to the account of those who stall what their rings have let go
// since: that memory is theirs now.
func (h *Hub) callIn() {
	h.outbound.mu.Lock()
	stalled := slices.Collect(maps.Keys(h.outbound.stalled))
	h.outbound.mu.Unlock()
	for _, c := range stalled {
		c.callIn()
	}
}

func (c *Conn) callIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.account.stalled {
		return
	}
	for _, cur := range c.topics {
		if cur.lent.round == c.account.round && cur.lent.bytes > 0 && !cur.topic.lends(cur.encoding, cur.lent.from) {
			c.account.flying += cur.lent.bytes
			cur.lent.bytes = 0
		}
	}
	c.account.called = 0
	c.account.called += c.account.shared.owned()
	if c.catchup.waits() {
		c.account.called += c.catchup.page.news.shared.owned()
	}
	c.count()
}

// lends says whether the ring still holds what a flush took from offset on.
func (t *Topic) lends(e Encoding, offset uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rings[e]
	return r != nil && r.holds(offset)
}

// tooMuch says whether so much waits that nothing more may be added, and then
// sees to the end. A snapshot is as long as it is, and does not count; nor does
// a write that is under way, unless it has stalled: a peer that has it may speak
// before the write has returned. c.mu is held.
func (c *Conn) tooMuch() bool {
	most := c.hub.config.OutboundBytes
	waits := c.account.held - c.account.called
	if !c.account.stalled {
		waits = min(waits, c.unsaid())
	}
	if most <= 0 || waits <= most {
		return false
	}
	if !c.account.shedding {
		c.account.shedding = true
		c.hub.spawn(func() { c.shed(protocol.OutboundBytesLimit) })
	}
	return true
}

func (c *Conn) holds() (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account.held, c.ended || c.ending != nil
}

// shed closes a connection over what it holds. One that takes nothing at
// present is not waited for.
func (c *Conn) shed(l protocol.Limit) {
	err := overloaded(l)
	c.mu.Lock()
	sending := c.account.sending
	c.account.shed = err
	c.mu.Unlock()
	if !sending {
		c.end(err)
		return
	}
	c.hub.config.Metrics.Told(err)
	c.cut(err)
}

// cut closes a connection that takes nothing, and drops what waits for it.
func (c *Conn) cut(err *protocol.Error) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended = true
	c.replies, c.dirty = nil, nil
	c.makeRoom()
	c.count()
	c.mu.Unlock()
	c.peer.Close(closeCode(err), string(err.Code))
}

// hold notes what the stream's reader was given and has not taken.
func (s *Stream) hold(bytes int) {
	if s.config.Cut == nil {
		return
	}
	s.mu.Lock()
	if s.closed {
		bytes = 0
	}
	was := s.counted
	s.counted = bytes
	s.mu.Unlock()
	s.hub.held(was, bytes)
}

func (s *Stream) holds() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counted, s.closed || s.err != nil
}

// shed ends a stream, whose reader comes back and goes on where it was.
func (s *Stream) shed(l protocol.Limit) {
	err := overloaded(l)
	s.hub.config.Metrics.Told(err)
	s.fail(err)
	s.config.Cut()
}
