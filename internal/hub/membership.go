package hub

import (
	"slices"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/presence"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// membership is a client in a topic that a connection holds there.
type membership struct{ topic, client string }

// join enters a member, if there is memory for it (rule PRES-19).
func (h *Hub) join(topic string, e presence.Entry) error {
	config, err := h.presence(topic)
	if err != nil {
		return err
	}
	if !h.rooms.has(presence.MemberBytes+len(e.State), h.config.PresenceBytes) {
		return overloaded(protocol.PresenceBytesLimit)
	}
	r := h.lockRoom(topic, config, true)
	failure := r.core.Enter(r.now(), e)
	r.settle()
	if failure != nil {
		return failure
	}
	return nil
}

// restate takes the place of a member's state.
func (h *Hub) restate(topic, client string, state []byte) error {
	config, err := h.presence(topic)
	if err != nil {
		return err
	}
	if !h.rooms.has(len(state), h.config.PresenceBytes) {
		return overloaded(protocol.PresenceBytesLimit)
	}
	r := h.lockRoom(topic, config, false)
	if r == nil {
		return presence.Absent()
	}
	failure := r.core.Update(r.now(), client, state)
	r.settle()
	if failure != nil {
		return failure
	}
	return nil
}

// part ends a member, or starts its grace time.
func (h *Hub) part(m membership, away bool) {
	r := h.lockRoom(m.topic, Presence{}, false)
	if r == nil {
		return
	}
	if away {
		r.core.Away(r.now(), m.client)
	} else {
		r.core.Leave(r.now(), m.client)
	}
	r.settle()
}

// release starts the grace time of members that a connection held.
func (h *Hub) release(c *Conn, members []membership) {
	for _, m := range members {
		if r := h.lockRoom(m.topic, Presence{}, false); r != nil {
			r.core.Release(r.now(), m.client, c)
			r.settle()
		}
	}
}

func (c *Conn) enter(e session.Enter) {
	id, m := e.Command.ID, membership{e.Command.Topic, e.Client.ID}
	if err := c.tryEnter(e, m); err != nil {
		if id == 0 {
			c.reply(&protocol.LeftMessage{Topic: m.topic, Client: m.client, Error: protocol.AsError(err)})
			return
		}
		c.reply(&protocol.Failure{ID: id, Error: protocol.AsError(err)})
		return
	}
	c.reply(&protocol.Entered{ID: id, Topic: m.topic, Client: m.client})
}

func (c *Conn) tryEnter(e session.Enter, m membership) error {
	if err := c.hub.allow(c.hub.ctx, e.Identity, auth.Presence, m.topic); err != nil {
		return err
	}
	entry := presence.Entry{
		Client: m.client, User: e.Identity.Sub, Name: e.Identity.Name, State: e.Command.State, Run: e.Client.Run,
	}
	if c.session.Road() == session.Batch {
		return c.hub.join(m.topic, entry)
	}
	entry.Holder = c
	limit := c.hub.config.Session.Limits.Topics
	c.mu.Lock()
	holds := slices.Contains(c.members, m)
	full := !holds && len(c.members) >= limit
	if !holds && !full {
		c.members = append(c.members, m)
	}
	c.mu.Unlock()
	if full {
		return protocol.Errorf(protocol.LimitExceeded, "A connection may hold %d members.", limit).Of(protocol.TopicsLimit)
	}
	err := c.hub.join(m.topic, entry)
	if err != nil && !holds {
		c.drops([]membership{m})
	}
	return err
}

// drops forgets that the connection holds members, and returns those that it held.
func (c *Conn) drops(members []membership) []membership {
	c.mu.Lock()
	defer c.mu.Unlock()
	var held []membership
	c.members = slices.DeleteFunc(c.members, func(m membership) bool {
		if slices.Contains(members, m) {
			held = append(held, m)
			return true
		}
		return false
	})
	return held
}

func (c *Conn) update(e session.Update) {
	topic, client := e.Command.Topic, e.Client.ID
	err := c.hub.allow(c.hub.ctx, e.Identity, auth.Presence, topic)
	if err == nil {
		err = c.hub.restate(topic, client, e.Command.State)
	}
	switch {
	case err != nil:
		c.reply(session.Refusal(topic, e.Command.ID, protocol.AsError(err)))
	case e.Command.ID != 0:
		c.reply(&protocol.Entered{ID: e.Command.ID, Topic: topic, Client: client})
	}
}

// leaveRooms ends a client's members: one, or, where no topic is named, all that
// the connections of this client hold.
func (c *Conn) leaveRooms(e session.Leave) {
	command := e.Command
	left := []membership{{command.Topic, e.Client.ID}}
	if command.Topic == "" {
		left = nil
		for _, holder := range append(c.hub.claims.held(e.Client.ID), c) {
			left = append(left, holder.heldBy([]session.Client{e.Client})...)
		}
	}
	if !command.Away {
		c.drops(left)
	}
	for _, m := range left {
		c.hub.part(m, command.Away)
	}
	c.reply(&protocol.LeftMessage{ID: command.ID, Topic: command.Topic, Client: e.Client.ID})
}

// heldBy returns the members of some clients that the connection holds.
func (c *Conn) heldBy(clients []session.Client) []membership {
	c.mu.Lock()
	defer c.mu.Unlock()
	var held []membership
	for _, m := range c.members {
		if slices.ContainsFunc(clients, func(client session.Client) bool { return client.ID == m.client }) {
			held = append(held, m)
		}
	}
	return held
}

// releaseClients starts the grace time of clients for which the connection speaks
// no more.
func (c *Conn) releaseClients(clients []session.Client) {
	if len(clients) > 0 {
		c.hub.release(c, c.drops(c.heldBy(clients)))
	}
}

func (c *Conn) signal(e session.Signal) {
	s := e.Command
	if err := c.trySignal(e); err != nil {
		c.reply(session.Refusal(s.Topic, s.ID, protocol.AsError(err)))
	}
}

func (c *Conn) trySignal(e session.Signal) error {
	s := e.Command
	if err := c.hub.allow(c.hub.ctx, e.Identity, auth.Presence, s.Topic); err != nil {
		return err
	}
	config, err := c.hub.presence(s.Topic)
	if err != nil {
		return err
	}
	r := c.hub.lockRoom(s.Topic, config, false)
	if r == nil {
		return presence.Absent()
	}
	failure := r.core.Call(e.Client.ID, s.Name, s.Data)
	r.settle()
	if failure != nil {
		return failure
	}
	return nil
}

// reviewPresence ends the watches and the members that the identity has no right
// to.
func (c *Conn) reviewPresence(identity auth.Identity) {
	c.mu.Lock()
	var watched []string
	for topic := range c.watches {
		watched = append(watched, topic)
	}
	members := slices.Clone(c.members)
	c.mu.Unlock()
	slices.Sort(watched)
	for _, topic := range watched {
		if err := c.hub.allow(c.hub.ctx, identity, auth.Read, topic); err != nil {
			c.stopWatching(topic, &protocol.Unwatched{Topic: topic, Error: protocol.AsError(err)})
		}
	}
	for _, m := range members {
		if err := c.hub.allow(c.hub.ctx, identity, auth.Presence, m.topic); err != nil {
			c.drops([]membership{m})
			c.hub.part(m, false)
			c.reply(&protocol.LeftMessage{Topic: m.topic, Client: m.client, Error: protocol.AsError(err)})
		}
	}
}
