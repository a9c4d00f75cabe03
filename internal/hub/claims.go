package hub

import (
	"sync"

	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// claims says which connection of this node holds which client (rule CLIENT-3).
type claims struct {
	mu     sync.Mutex // guards the fields below
	owners map[string]claim
}

type claim struct {
	conn *Conn
	run  uint64
}

// take gives all clients to conn, or none. It returns the connections that
// lost one.
func (c *claims) take(conn *Conn, clients []session.Client) ([]*Conn, *protocol.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range clients {
		if owner, ok := c.owners[client.ID]; ok && client.Run <= owner.run {
			return nil, protocol.Errorf(protocol.StaleRun, "The client is connected with run %d.", owner.run)
		}
	}
	var losers []*Conn
	for _, client := range clients {
		if owner, ok := c.owners[client.ID]; ok && owner.conn != conn {
			losers = append(losers, owner.conn)
		}
		c.owners[client.ID] = claim{conn: conn, run: client.Run}
	}
	return losers, nil
}

// release takes from conn the clients that it still holds.
func (c *claims) release(conn *Conn, clients []session.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range clients {
		if c.owners[client.ID].conn == conn {
			delete(c.owners, client.ID)
		}
	}
}

// run returns the run with which the client is connected, 0 if it is not.
func (c *claims) run(client string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owners[client].run
}
