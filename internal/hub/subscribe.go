package hub

import (
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// subscribe opens a cursor, in place of the topic's older one.
func (c *Conn) subscribe(e session.Subscribe) {
	name, id := e.Command.Topic, e.Command.ID
	cur, s, err := c.open(e)
	if err != nil {
		failure := protocol.AsError(err)
		if id == 0 {
			c.reply(&protocol.Unsubscribed{Topic: name, Error: failure})
		} else {
			c.reply(&protocol.Failure{ID: id, Error: failure})
		}
		return
	}
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		cur.topic.detach(cur)
		return
	}
	old := c.topics[name]
	if old != nil {
		c.shut(old)
	} else {
		c.hub.config.Metrics.Subscribed(1)
	}
	if c.topics == nil {
		c.topics = make(map[string]*cursor, 1)
	}
	c.topics[name] = cur
	c.frame(subscribed(id, name, s))
	cur.dirty = true
	c.dirty = append(c.dirty, cur)
	start := c.schedule()
	c.mu.Unlock()
	if old != nil {
		old.topic.detach(old)
	}
	c.queue(start)
}

func (c *Conn) open(e session.Subscribe) (*cursor, start, error) {
	name := e.Command.Topic
	if err := c.hub.allow(c.hub.ctx, e.Identity, auth.Read, name); err != nil {
		return nil, start{}, err
	}
	limit := c.hub.config.Session.Limits.Topics
	c.mu.Lock()
	full := c.topics[name] == nil && len(c.topics) >= limit
	c.mu.Unlock()
	if full {
		return nil, start{}, protocol.Errorf(protocol.LimitExceeded, "A connection may read %d topics.", limit).Of(protocol.TopicsLimit)
	}
	return c.hub.read(c.hub.ctx, c, c.encoding, e.Command)
}

func subscribed(id uint64, name string, s start) *protocol.Subscribed {
	return &protocol.Subscribed{ID: id, Topic: name, Offset: s.position.Offset, Term: s.position.Term, Recovered: s.recovered, Snapshot: s.snapshot}
}

func (c *Conn) unsubscribe(command protocol.Unsubscribe) {
	answer := &protocol.Unsubscribed{ID: command.ID, Topic: command.Topic}
	if !c.drop(command.Topic, answer) {
		c.reply(answer)
	}
}

// drop ends a subscription and says so; false if there is none.
func (c *Conn) drop(name string, answer *protocol.Unsubscribed) bool {
	c.mu.Lock()
	cur := c.topics[name]
	if cur == nil {
		c.mu.Unlock()
		return false
	}
	c.shut(cur)
	delete(c.topics, name)
	c.frame(answer)
	start := c.schedule()
	c.mu.Unlock()
	cur.topic.detach(cur)
	c.hub.config.Metrics.Subscribed(-1)
	c.queue(start)
	return true
}

// lost tells that a reader fell behind the log (rule SUB-6).
func (c *Conn) lost(cur *cursor, s start) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !cur.closed {
		c.frame(subscribed(0, cur.topic.name, s))
	}
}

// unreadable ends a subscription whose log cannot be read.
func (c *Conn) unreadable(cur *cursor, err error) {
	h := c.hub
	if h.ctx.Err() == nil {
		h.config.Logger.Error("read failed", "topic", cur.topic.name, "error", err)
	}
	c.mu.Lock()
	current := c.topics[cur.topic.name] == cur
	c.mu.Unlock()
	if current {
		c.drop(cur.topic.name, &protocol.Unsubscribed{Topic: cur.topic.name, Error: h.storeError(err)})
	}
}
