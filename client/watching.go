package client

import (
	"maps"
	"slices"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/presence"
	"github.com/tuttisync/tutti/protocol"
)

// inTopic returns the presence of a topic; nil: nobody has asked for it.
func (c *Client) inTopic(topic string) *Presence {
	c.presencesMu.Lock()
	defer c.presencesMu.Unlock()
	return c.presences[topic]
}

func (c *Client) allPresences() []*Presence {
	c.presencesMu.Lock()
	defer c.presencesMu.Unlock()
	return slices.Collect(maps.Values(c.presences))
}

// present takes what the server tells of who is in a topic.
func (c *Client) present(e core.Presence) {
	p := c.inTopic(e.Topic)
	now := c.now()
	switch m := e.Message.(type) {
	case *protocol.Watching:
		p.turn(func(v *presence.View) (presence.Change, bool) { return v.Watching(now, m) })
	case *protocol.Presence:
		p.turn(func(v *presence.View) (presence.Change, bool) { return v.Presence(m) })
		for _, s := range m.Signals {
			tell(c, &p.called, Signal{s.Client == c.ID(), s.Client, s.User, s.Name, s.Data})
		}
	}
	c.schedule()
}

// turn changes the view, and tells of it.
func (p *Presence) turn(change func(*presence.View) (presence.Change, bool)) {
	c := p.client
	p.mu.Lock()
	_, known := p.view.At()
	count := p.view.Count()
	made, _ := change(&p.view) // what does not follow, the core does not pass on
	news := PresenceChange{Joins: usersOf(made.Joins), Leaves: usersOf(made.Leaves), Updates: usersOf(made.Updates)}
	changed := len(news.Joins)+len(news.Leaves)+len(news.Updates) > 0
	if changed || !known {
		p.users = nil
	}
	users, moved := p.list(), changed || !known || count != p.view.Count()
	p.mu.Unlock()
	for _, u := range news.Joins {
		tell(c, &p.joined, u)
	}
	for _, u := range news.Leaves {
		tell(c, &p.left, u)
	}
	if changed {
		tell(c, &p.changed, news)
	}
	if moved {
		tell(c, &p.listed, users)
	}
}

// awaited tells who has not come back since a server was started anew.
func (c *Client) awaited() {
	now := c.now()
	for _, p := range c.allPresences() {
		if p.view.Wish() <= now { // the owner alone changes views
			p.turn(func(v *presence.View) (presence.Change, bool) { return v.Tick(now), true })
		}
	}
	c.schedule()
}

// awaitedUntil is when awaited has something to do.
func (c *Client) awaitedUntil() int64 {
	at := core.Never
	for _, p := range c.allPresences() {
		at = min(at, p.view.Wish())
	}
	return at
}

func (c *Client) unwatched(e core.Unwatched) {
	p := c.inTopic(e.Topic)
	p.forget()
	tell(c, &p.listed, nil)
	p.fault(e.Err)
}

// fault tells what nobody waits for.
func (p *Presence) fault(err *protocol.Error) {
	if len(p.faults.all()) == 0 {
		p.client.options.Logger.Error("presence failed", "topic", p.topic, "err", err)
	}
	tell(p.client, &p.faults, error(err))
}
