package core

import "github.com/tuttisync/tutti/protocol"

func (m Message) apply(c *Core) {
	n := &c.connection
	if n.state == Connecting {
		n.answered = n.answered || n.stage != stageToken
	} else if c.online() {
		n.heard = c.now
		if n.state == Probing {
			c.goLive()
		}
	}
	c.take(m.Message)
}

func (a Aside) apply(c *Core) { c.take(a.Message) }

// take takes a message in the state that there is.
func (c *Core) take(message any) {
	n := &c.connection
	switch {
	case c.online():
		c.heard(message)
	case n.state == Connecting && n.stage != stageToken:
		switch m := message.(type) {
		case *protocol.Welcome:
			if n.stage == stageHello {
				c.welcome(m)
			}
		case *protocol.Close: // without a transport, if the server would not open one
			c.shut()
			c.end(m.Error, endFair)
		}
	}
}

// heard takes a message of a live connection.
func (c *Core) heard(message any) {
	switch m := message.(type) {
	case *protocol.Ping:
		c.send(&protocol.Pong{})
	case *Entry:
		c.logged(m.Topic, m.Client, m.Seq)
		c.entry(m)
	case *protocol.Subscribed:
		c.subscribed(m)
	case *protocol.Snapshot:
		c.snapshot(m)
	case *protocol.Unsubscribed:
		c.unsubscribed(m)
	case *protocol.Ack:
		c.acknowledged(m)
	case *protocol.RefusedMessage:
		c.refused(m)
	case *protocol.RejectedMessage:
		c.rejected(m)
	case *protocol.GapMessage:
		c.gap(m)
	case *protocol.HistoryPage:
		c.page(m)
	case *protocol.Watching:
		c.watching(m)
	case *protocol.Presence:
		c.presence(m)
	case *protocol.Unwatched:
		c.unwatched(m)
	case *protocol.Entered:
		c.entered(m)
	case *protocol.LeftMessage:
		c.left(m)
	case *protocol.Authenticated:
		c.authenticated(m.ID)
	case *protocol.Failure:
		c.failure(m)
	case *protocol.Close:
		c.shut()
		c.end(m.Error, endFair)
	}
	c.renewIfAnswered()
}

// failure hands an error to whoever waits for an answer with its id.
func (c *Core) failure(m *protocol.Failure) {
	switch {
	case m.ID == 0 && m.Topic != "":
		c.memberFault(m.Topic, m.Error)
	case m.ID == 0:
		if m.Error.Code == protocol.TokenExpired {
			c.expire(m.Error)
		}
	case m.ID == c.connection.auth:
		c.shut()
		c.end(m.Error, endFair)
	default:
		if !c.requestFailed(m) && !c.watchFailed(m) && !c.memberFailed(m) {
			c.pageFailed(m)
		}
	}
}
