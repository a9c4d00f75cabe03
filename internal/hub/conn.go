package hub

import (
	"net/http"
	"sync"
	"time"

	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// Peer is a transport's end of a two-way connection.
type Peer interface {
	// Frame appends one message, framed, to dst.
	Frame(dst, message []byte) []byte
	// Send writes whole frames without blocking. True: all is written. False
	// with no error: it goes on by itself and calls done once; until then the
	// slices must stay, and Send is not called.
	Send(frames [][]byte, done func(error)) (bool, error)
	// Close ends the connection, without blocking, after what is being sent.
	Close(code int, reason string)
	// BytesIn counts what was heard, pings and pongs of the transport among it.
	BytesIn() uint64
}

const (
	flushBytes = 64 << 10  // gathered into one write
	maxReplies = 256 << 10 // bytes of answers at which reading pauses
	maxPending = 1024      // publishes without a verdict at which reading pauses
	maxWaiting = 1 << 20   // bytes of their data at which it pauses too
)

// Conn is a two-way connection: a session, its subscriptions, and what is to
// be said. The transport calls Receive, Wait and Closed, from one goroutine.
type Conn struct {
	hub      *Hub
	peer     Peer
	request  *http.Request // that opened it, for the hook Authenticate
	encoding Encoding
	visit    *gate.Visit // nil: not counted
	road     metrics.Road
	timer    timer
	onSent   func(error) // the method sent, made once

	mu      sync.Mutex // guards the fields below
	heard   uint64     // peer.BytesIn at the last message or tick
	session *session.Session
	replies []byte             // frames to be written first
	topics  map[string]*cursor // subscriptions
	dirty   []*cursor          // with something to read
	watches map[string]*watch
	news    []*watch        // with something to tell
	members []membership    // that it holds
	catchup *catchup        // nil while it was never behind
	writing bool            // in the writers' queue, or being written to
	paused  bool            // the identity has expired
	ending  *protocol.Error // say it, then close
	leaving bool            // close when all is said
	going   bool            // must come back elsewhere, when all is answered
	taking  bool            // a frame is being acted on
	ended   bool            // closed, or closing
	pending int             // publishes without a verdict
	waiting int             // bytes of their data
	account account         // of what waits for the peer
	lanes   map[string]*lane
	room    chan struct{} // closed when there is room again, if anyone waits
}

// Opening says how a connection comes.
type Opening struct {
	Request  *http.Request // for the hook Authenticate; may be nil if there is none
	Road     session.Road
	Encoding Encoding    // of the entries that the peer is given
	Visit    *gate.Visit // leaves when the connection has ended; nil: not counted
}

// counted is what the connection is counted as.
func (o Opening) counted() metrics.Road {
	switch {
	case o.Road == session.Batch:
		return metrics.Commands
	case o.Encoding == Streamed:
		return metrics.Stream
	case o.Encoding == Listed:
		return metrics.Poll
	}
	return metrics.WebSocket
}

// Accept starts a connection.
func (h *Hub) Accept(peer Peer, o Opening) *Conn {
	now := h.now()
	c := &Conn{hub: h, peer: peer, request: o.Request, encoding: o.Encoding, visit: o.Visit, road: o.counted()}
	c.session = session.New(&h.config.Session, h.config.NewID(), o.Road, now)
	c.timer.fire, c.onSent = c.tick, c.sent
	h.members.add(c)
	h.config.Metrics.Connected(c.road, 1)
	h.wheel.set(&c.timer, c.session.Deadline())
	if h.closing.Load() {
		c.drain()
	}
	return c
}

// Receive takes one frame of the peer. The frame may be reused afterwards.
// Between the messages of a frame it blocks as Wait does.
func (c *Conn) Receive(frame []byte) {
	c.hub.config.Metrics.Received(len(frame))
	c.mu.Lock()
	c.heard = c.peer.BytesIn()
	c.session.Heard(c.hub.now())
	going := c.going
	c.taking = !going
	c.mu.Unlock()
	if going {
		return
	}
	first := true
	for in := range session.Parse(frame, c.session.Road(), c.hub.config.Session.Limits) {
		if !first && !c.more() {
			break
		}
		first = false
		c.step(func(now time.Time) []session.Effect { return c.session.Receive(now, in) })
	}
	c.mu.Lock()
	c.taking = false
	quit := c.quits()
	c.mu.Unlock()
	c.quit(quit)
}

// more waits as Wait does, and says whether the connection goes on: what came
// in one frame with what ended it would be served to nobody.
func (c *Conn) more() bool {
	c.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended
}

// step moves the session and carries its effects out.
func (c *Conn) step(move func(now time.Time) []session.Effect) {
	c.mu.Lock()
	effects := move(c.hub.now())
	c.mu.Unlock()
	for _, e := range effects {
		c.carry(e)
	}
}

// Wait blocks while the peer has been told too little of what it asked for, or
// asks far too fast: the next frame should be read when it returns.
func (c *Conn) Wait() {
	for {
		c.mu.Lock()
		if c.ended || !c.full() {
			c.mu.Unlock()
			return
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		if c.session.Slow(c.hub.now()) {
			c.hub.wheel.set(&c.timer, c.session.Deadline())
		}
		c.mu.Unlock()
		<-room
	}
}

// full says whether the peer must be told something before more of it is read.
// c.mu is held.
func (c *Conn) full() bool {
	return len(c.replies) >= maxReplies || c.pending >= maxPending || c.waiting >= maxWaiting ||
		(c.account.held > 0 && c.hub.outbound.over()) || c.session.Slow(c.hub.now())
}

// makeRoom wakes Wait. c.mu is held.
func (c *Conn) makeRoom() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// Finish waits until every command is answered, and closes the connection when
// the answers, and the entries that there are to read, are said.
func (c *Conn) Finish() {
	for {
		c.mu.Lock()
		if c.ended || c.pending == 0 {
			break
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		<-room
	}
	c.leaving = true
	start := c.schedule()
	c.mu.Unlock()
	c.queue(start)
}

// Welcomed says whether hello was answered by welcome.
func (c *Conn) Welcomed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.Welcomed()
}

// Ending is why the server ends the connection; nil if it does not, or has no
// error to tell.
func (c *Conn) Ending() *protocol.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// Abandon gives a connection up whose peer has left. The transport still calls
// Closed.
func (c *Conn) Abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.makeRoom()
}

// Closed tells that the transport has ended.
func (c *Conn) Closed() {
	h := c.hub
	c.mu.Lock()
	c.ended = true
	h.wheel.stop(&c.timer)
	c.makeRoom()
	topics := c.topics
	c.topics, c.dirty, c.replies, c.catchup = nil, nil, nil, nil
	watches, members := c.watches, c.members
	c.watches, c.news, c.members = nil, nil, nil
	c.account.closed = true
	c.unstall()
	c.count()
	clients := c.session.Clients()
	c.mu.Unlock()
	for _, cur := range topics {
		cur.topic.detach(cur)
	}
	for _, w := range watches {
		w.end()
	}
	h.release(c, members)
	h.config.Metrics.Subscribed(-len(topics))
	h.claims.release(c, clients, h.now())
	h.config.Metrics.Connected(c.road, -1)
	h.members.remove(c)
	c.visit.Leave()
}

func (c *Conn) tick(now time.Time) {
	heard := c.peer.BytesIn()
	c.step(func(time.Time) []session.Effect {
		if heard != c.heard {
			c.heard = heard
			c.session.Heard(now)
		}
		return c.session.Tick(now)
	})
	c.rearm()
}

// rearm sets the timer, unless the connection has ended.
func (c *Conn) rearm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.hub.wheel.set(&c.timer, c.session.Deadline())
	}
	if !c.full() {
		c.makeRoom()
	}
}

func (c *Conn) kill() { c.fail() }

// end says why and closes.
func (c *Conn) end(err *protocol.Error) {
	c.mu.Lock()
	if c.ended || c.ending != nil {
		c.mu.Unlock()
		return
	}
	c.frame(&protocol.Close{Error: err})
	c.ending = err
	start := c.schedule()
	// The answer to a request whose hello failed is the error itself.
	told := c.session.Road() == session.TwoWay || c.session.Welcomed()
	c.mu.Unlock()
	if told {
		c.hub.config.Metrics.Told(err)
	}
	c.queue(start)
}

// reply says one message.
func (c *Conn) reply(message any) {
	if err := protocol.ErrorOf(message); err != nil {
		c.hub.config.Metrics.Told(err)
	}
	c.mu.Lock()
	c.frame(message)
	start := c.schedule()
	c.mu.Unlock()
	c.queue(start)
}

// frame adds a message to what is to be said; nothing is said after close.
// c.mu is held.
func (c *Conn) frame(message any) {
	c.replies = c.framed(c.replies, message)
	c.count()
}

func (c *Conn) framed(dst []byte, message any) []byte {
	if c.ended || c.ending != nil || c.tooMuch() {
		return dst
	}
	buf := takeBuffer()
	*buf = protocol.Append(*buf, message)
	dst = c.peer.Frame(dst, *buf)
	putBuffer(buf)
	return dst
}

// schedule says whether the connection must be queued. c.mu is held.
func (c *Conn) schedule() bool {
	if c.writing || c.ended {
		return false
	}
	c.writing = true
	return true
}

func (c *Conn) queue(start bool) {
	if start {
		c.hub.writers.push(c.hub, []*Conn{c})
	}
}

// wake puts a cursor among those with something to read.
func (c *Conn) wake(cur *cursor) *Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cur.dirty || cur.closed || c.ended {
		return nil
	}
	cur.dirty = true
	if cur.away {
		return nil
	}
	if cur.aside {
		cur.aside = false
		c.catchup.aside--
	}
	c.dirty = append(c.dirty, cur)
	if c.paused || !c.schedule() {
		return nil
	}
	return c
}

// ID names the connection.
func (c *Conn) ID() string { return c.session.ID() }
