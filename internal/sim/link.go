package sim

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/tuttisync/tutti/internal/hub"
)

// link is one connection between a client and the server. Each direction keeps
// its order. A link that is cut carries nothing more; either end may notice
// soon, late or never.
type link struct {
	world  *World
	server *server
	client *client
	conn   *hub.Conn

	up, down time.Duration // when what was sent last arrives
	cut      bool
	gone     bool // the server's transport has ended
	left     bool // the client has been told, or has left
	heard    uint64
}

var _ hub.Peer = (*link)(nil)

// dial makes a link, if the server answers.
func (c *client) dial() {
	w := c.world
	l := &link{world: w, server: w.server, client: c}
	c.link = l
	w.after(w.between(0, 200*time.Millisecond), func() {
		switch {
		case c.link != l:
		case l.server.dead || w.now < c.away && !w.healed || w.fault(0.1):
			l.lose(1006)
		default:
			l.conn = l.server.hub.Accept(l, hub.Opening{Encoding: hub.Messages})
			l.server.links = append(l.server.links, l)
			c.step(opened)
			if w.fault(0.6) {
				w.after(w.between(0, 20*time.Second), l.sever)
			}
		}
	})
}

// sever cuts the link.
func (l *link) sever() {
	if l.cut {
		return
	}
	l.cut = true
	w := l.world
	w.tell("link of client %d: cut", l.client.id)
	if w.chance(0.7) {
		w.after(w.between(0, 3*time.Second), func() { l.lose(1006) })
	}
	if w.chance(0.7) {
		w.after(w.between(0, 3*time.Second), l.end)
	}
}

// leave takes the client off the network for a while.
func (c *client) leave(d time.Duration) {
	c.world.tell("client %d: away", c.id)
	c.away = c.world.now + d
	if c.link != nil {
		c.link.sever()
	}
}

// vanish is what a link does whose server was killed.
func (l *link) vanish() {
	l.cut, l.gone = true, true
	l.world.after(l.world.between(0, time.Second), func() { l.lose(1006) })
}

// lose tells the client that its transport has ended.
func (l *link) lose(code int) {
	if l.client.link == l && !l.left {
		l.left = true
		l.client.link = nil
		l.client.step(lost(code))
	}
}

// leave is the client ending its transport.
func (l *link) leave() {
	l.left = true
	l.up = max(l.up, l.world.now) + l.world.between(0, 50*time.Millisecond)
	l.world.at(l.up, l.end)
}

// end ends the server's transport.
func (l *link) end() {
	if l.gone || l.conn == nil || l.server.dead {
		return
	}
	l.gone = true
	l.cut = true
	l.conn.Closed()
}

// send carries a frame to the server.
func (l *link) send(frame []byte) {
	l.up = max(l.up, l.world.now) + l.world.between(0, 100*time.Millisecond)
	l.world.at(l.up, func() {
		if !l.cut && !l.gone && !l.server.dead {
			l.heard += uint64(len(frame))
			l.conn.Receive(frame)
		}
	})
}

// Frame implements hub.Peer.
func (l *link) Frame(dst, message []byte) []byte { return appendFrame(dst, message) }

// BytesIn implements hub.Peer.
func (l *link) BytesIn() uint64 { return l.heard }

// Send implements hub.Peer.
func (l *link) Send(frames [][]byte, done func(error)) (bool, error) {
	data := bytes.Join(frames, nil)
	if !l.world.fault(0.05) {
		l.carry(data)
		return true, nil
	}
	server := l.server
	l.world.after(l.world.between(0, 2*time.Second), func() {
		if !server.dead && !l.gone {
			l.carry(data)
			done(nil)
		}
	})
	return false, nil
}

func (l *link) carry(data []byte) {
	l.down = max(l.down, l.world.now) + l.world.between(0, 100*time.Millisecond)
	l.world.at(l.down, func() {
		for len(data) > 0 && !l.cut && !l.left && l.client.link == l {
			n := binary.BigEndian.Uint32(data)
			message := data[4 : 4+n]
			data = data[4+n:]
			l.client.hear(message)
		}
	})
}

// Close implements hub.Peer.
func (l *link) Close(code int, _ string) {
	w := l.world
	l.down = max(l.down, w.now) + w.between(0, 100*time.Millisecond)
	w.at(l.down, func() {
		if !l.cut || w.chance(0.5) {
			l.lose(code)
		}
	})
	l.server.tasks = append(l.server.tasks, l.end)
}
