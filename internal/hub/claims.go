package hub

import (
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// rememberRun is for how long a client's run is known after its last request
// over HTTP (rule ROAD-6).
const rememberRun = time.Minute

// maxIdle bounds how many departures are remembered: clients cost nothing to
// make up. Beyond it the oldest are forgotten sooner.
const maxIdle = 1 << 16

// claims says which connections of this node hold which client (rules CLIENT-3
// and ROAD-6).
type claims struct {
	mu     sync.Mutex // guards the fields below
	owners map[string]claim
	idle   []departure // oldest first
}

// departure is when the last request of a client went.
type departure struct {
	client string
	at     time.Time
}

// claim is a client's run and who came with it: one WebSocket, or requests over
// HTTP, or, for a while, nobody.
type claim struct {
	conn *Conn
	more []*Conn // beside conn
	run  uint64
	left time.Time // when the last holder went
}

// take gives all clients to conn, or none. It returns the connections that
// lost one.
func (c *claims) take(conn *Conn, clients []session.Client) ([]*Conn, *protocol.Error) {
	shares := conn.session.Road() != session.TwoWay
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range clients {
		owner, ok := c.owners[client.ID]
		again := owner.conn == conn || shares && owner.shares()
		if ok && (client.Run < owner.run || client.Run == owner.run && !again) {
			return nil, protocol.Errorf(protocol.StaleRun, "The client is connected with run %d.", owner.run)
		}
	}
	var losers []*Conn
	for _, client := range clients {
		owner := c.owners[client.ID]
		if owner.run == client.Run {
			owner.add(conn)
			c.owners[client.ID] = owner
			continue
		}
		for _, loser := range owner.holders() {
			if loser != conn {
				losers = append(losers, loser)
			}
		}
		c.owners[client.ID] = claim{conn: conn, run: client.Run}
	}
	return losers, nil
}

// shares says whether another request may come with the same run.
func (c claim) shares() bool { return c.conn == nil || c.conn.session.Road() != session.TwoWay }

func (c claim) holders() []*Conn {
	if c.conn == nil {
		return nil
	}
	return append(c.more, c.conn)
}

func (c *claim) add(conn *Conn) {
	switch {
	case c.conn == nil:
		c.conn = conn
	case c.conn != conn && !slices.Contains(c.more, conn):
		c.more = append(c.more, conn)
	}
}

// remove takes a holder away and says whether it was one.
func (c *claim) remove(conn *Conn) bool {
	if i := slices.Index(c.more, conn); i >= 0 {
		c.more = slices.Delete(c.more, i, i+1)
		return true
	}
	if c.conn != conn {
		return false
	}
	c.conn = nil
	if n := len(c.more); n > 0 {
		c.conn = c.more[n-1]
		c.more = slices.Delete(c.more, n-1, n)
	}
	return true
}

// release takes from conn the clients that it still holds.
func (c *claims) release(conn *Conn, clients []session.Client, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range clients {
		owner := c.owners[client.ID]
		if !owner.remove(conn) {
			continue
		}
		if owner.conn == nil && conn.session.Road() == session.TwoWay {
			delete(c.owners, client.ID)
			continue
		}
		if owner.conn == nil {
			owner.left = now
			c.idle = append(c.idle, departure{client.ID, now})
		}
		c.owners[client.ID] = owner
	}
	if len(c.idle) > maxIdle {
		c.drop(len(c.idle) - maxIdle*3/4) // many at once: it moves the rest
	}
}

// forget drops the runs of clients that nobody holds any more.
func (c *claims) forget(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(c.idle) && now.Sub(c.idle[n].at) >= rememberRun {
		n++
	}
	c.drop(n)
}

// drop forgets the n oldest departures, and the runs of those who have not come
// again since. c.mu is held.
func (c *claims) drop(n int) {
	for _, d := range c.idle[:n] {
		if owner, ok := c.owners[d.client]; ok && owner.conn == nil && owner.left.Equal(d.at) {
			delete(c.owners, d.client)
		}
	}
	c.idle = slices.Delete(c.idle, 0, n)
}

// held returns the connections that hold the client.
func (c *claims) held(client string) []*Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.owners[client].holders())
}

// run returns the run with which the client is connected, 0 if it is not.
func (c *claims) run(client string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owners[client].run
}
