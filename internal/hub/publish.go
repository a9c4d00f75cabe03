package hub

import (
	"context"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

// publish takes an entry of a client: at once, or, when the application has
// hooks to be asked, through the client's lane.
func (c *Conn) publish(p session.Publish) {
	t, err := c.hub.topic(c.hub.ctx, p.Command.Topic)
	if err != nil {
		c.tell(&p, topic.Deny(protocol.AsError(err)))
		return
	}
	c.charge(&p)
	size := len(p.Command.Data)
	c.mu.Lock()
	c.pending++
	c.waiting += size
	c.mu.Unlock()
	if c.hub.config.Hooks.publishing() {
		c.hub.enter(c, p.Client.ID, func() { c.hooked(t, &p, size) })
		return
	}
	if p.Denied == nil {
		p.Denied = denial(c.hub.allow(c.hub.ctx, p.Identity, t.verb(), p.Command.Topic))
	}
	c.limit(&p)
	if p.Denied == nil {
		p.Denied = denial(t.fits(message(&p), p.Command.Base))
	}
	c.submit(t, &p, size)
}

// charge counts a publish of a batch to its user or address: a request has no
// past that its rate could be told by.
func (c *Conn) charge(p *session.Publish) {
	if c.session.Road() != session.Batch || p.Limited != nil {
		return
	}
	if p.Limited = denial(c.visit.Charge(len(p.Command.Data))); p.Limited != nil {
		p.Command.Data = nil
	}
}

// limit denies what the session found to be too much, if nothing else does.
func (c *Conn) limit(p *session.Publish) {
	if p.Denied == nil && p.Limited != nil {
		p.Denied = p.Limited
	}
}

func denial(err error) *protocol.Error {
	if err == nil {
		return nil
	}
	return protocol.AsError(err)
}

// hooked asks the application's hooks, unless the entry is denied already or a
// repeat.
func (c *Conn) hooked(t *Topic, p *session.Publish, size int) {
	h := c.hub
	switch {
	case p.Denied != nil:
	case p.Limited != nil:
		p.Denied = denial(h.config.Policy.Allow(p.Identity, t.verb(), p.Command.Topic, h.now()))
		c.limit(p)
	case t.repeats(p.Client.ID, p.Command.Seq):
		p.Denied = unasked
	default:
		m := message(p)
		p.Denied = denial(h.mayPublish(h.ctx, t, p.Identity, p.Command.Base, m))
		p.Command.Name, p.Command.Key, p.Command.Data = m.Name, m.Key, m.Data
	}
	c.submit(t, p, size)
}

func message(p *session.Publish) *Message {
	return &Message{Topic: p.Command.Topic, Name: p.Command.Name, Key: p.Command.Key, Data: p.Command.Data}
}

// unasked denies what looked like a repeat, for which no hook is asked, and is
// none: its row was forgotten meanwhile.
var unasked = protocol.Errorf(protocol.Overloaded, "")

// repeats says whether the store remembers seq of the client as taken.
func (t *Topic) repeats(client string, seq uint64) bool {
	value, err := t.log.Row(t.hub.ctx, t.name, topic.ClientKey(client))
	return err == nil && topic.Settled(value, seq, t.hub.now())
}

// repeatsKey says whether the store remembers the row of an Idempotency-Key.
func (t *Topic) repeatsKey(ctx context.Context, key string) bool {
	if key == "" {
		return false
	}
	value, err := t.log.Row(ctx, t.name, key)
	return err == nil && value != nil && !topic.Forgotten(key, value, t.hub.now())
}

// submit hands the entry, whose data had size bytes as it came, to its topic.
func (c *Conn) submit(t *Topic, p *session.Publish, size int) {
	t.submit(job{
		command: &topic.Command{
			Client: p.Client.ID, Run: p.Client.Run, Born: p.Client.Born,
			Seq: p.Command.Seq, Voids: p.Command.Voids, Denied: p.Denied,
			Name: p.Command.Name, Label: p.Command.Key, Data: p.Command.Data, Author: author(p.Identity),
			Base: p.Command.Base,
		},
		tell: func(v topic.Verdict) {
			c.tell(p, v)
			c.mu.Lock()
			c.pending--
			c.waiting -= size
			c.makeRoom()
			quit := c.quits()
			c.mu.Unlock()
			c.quit(quit)
		},
	})
}

func author(identity auth.Identity) *protocol.Author {
	if identity.Sub == "" {
		return nil
	}
	return &protocol.Author{Sub: identity.Sub, Name: identity.Name}
}

// tell answers a publish.
func (c *Conn) tell(p *session.Publish, v topic.Verdict) {
	name, client, seq := p.Command.Topic, p.Client.ID, p.Command.Seq
	switch v.Kind {
	case topic.Accepted, topic.Repeated:
		c.reply(&protocol.Ack{Topic: name, Client: client, Seq: seq, Offset: v.Offset, Term: v.Term})
	case topic.Refused:
		c.reply(&protocol.RefusedMessage{Topic: name, Client: client, Seq: seq, Error: v.Err})
	case topic.Rejected:
		c.reply(&protocol.RejectedMessage{Topic: name, Client: client, Seq: seq, Error: v.Err})
	case topic.Gap:
		c.reply(&protocol.GapMessage{Topic: name, Client: client, Seq: seq, Expected: v.Expected})
	}
}
