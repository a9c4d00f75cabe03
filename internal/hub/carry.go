package hub

import (
	"maps"
	"slices"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// carry carries one effect of the session out.
func (c *Conn) carry(e session.Effect) {
	switch e := e.(type) {
	case session.Reply:
		c.reply(e.Message)
	case session.Authenticate:
		identity, err := c.hub.Identify(c.hub.ctx, c.request, e.Token, e.Secret)
		c.stepWith(identity, err)
	case session.Claim:
		c.claim(e.Clients)
	case session.Subscribe:
		c.subscribe(e)
	case session.Unsubscribe:
		c.unsubscribe(e.Command)
	case session.Publish:
		c.publish(e)
	case session.History:
		c.history(e)
	case session.Watch:
		c.watch(e)
	case session.Unwatch:
		c.unwatch(e.Command)
	case session.Enter:
		c.enter(e)
	case session.Update:
		c.update(e)
	case session.Leave:
		c.leaveRooms(e)
	case session.Signal:
		c.signal(e)
	case session.Review:
		c.review(e.Identity)
	case session.Pause:
		c.mu.Lock()
		c.paused = c.session.Expired() // an auth may have come between
		c.mu.Unlock()
	case session.End:
		c.end(e.Err)
	}
}

func (c *Conn) stepWith(identity auth.Identity, err error) {
	c.mu.Lock()
	effects := c.session.Authenticated(c.hub.now(), identity, err)
	c.mu.Unlock()
	c.rearm()
	for _, e := range effects {
		c.carry(e)
	}
}

func (c *Conn) claim(clients []session.Client) {
	c.mu.Lock()
	welcomed, former := c.session.Welcomed(), c.session.Clients()
	c.mu.Unlock()
	var err error
	if !welcomed {
		err = c.visit.Identify(c.session.Identity().Sub)
	}
	if err == nil {
		losers, failure := c.hub.claims.take(c, clients)
		for _, loser := range losers {
			loser.end(protocol.Errorf(protocol.Replaced, ""))
		}
		if failure != nil {
			err = failure
		}
	}
	c.mu.Lock()
	effects := c.session.Claimed(c.hub.now(), err)
	gone := left(former, c.session.Clients())
	c.mu.Unlock()
	c.hub.claims.release(c, gone, c.hub.now())
	c.releaseClients(gone)
	c.rearm()
	for _, e := range effects {
		c.carry(e)
	}
}

// left returns the clients that are no longer among those now.
func left(former, now []session.Client) []session.Client {
	var gone []session.Client
	for _, client := range former {
		same := func(other session.Client) bool { return other.ID == client.ID }
		if !slices.ContainsFunc(now, same) {
			gone = append(gone, client)
		}
	}
	return gone
}

// review ends the subscriptions that the identity has no right to, and lets
// the others go on.
func (c *Conn) review(identity auth.Identity) {
	c.mu.Lock()
	names := slices.Sorted(maps.Keys(c.topics))
	c.mu.Unlock()
	for _, name := range names {
		if err := c.hub.allow(c.hub.ctx, identity, auth.Read, name); err != nil {
			c.drop(name, &protocol.Unsubscribed{Topic: name, Error: protocol.AsError(err)})
		}
	}
	c.reviewPresence(identity)
	c.mu.Lock()
	c.paused = c.session.Expired()
	start := !c.paused && (len(c.dirty)+len(c.news) > 0 || !c.catchup.idle()) && c.schedule()
	c.mu.Unlock()
	c.queue(start)
}

func (c *Conn) history(e session.History) {
	if c.hub.outbound.over() {
		c.reply(&protocol.Failure{ID: e.Command.ID, Error: overloaded(protocol.OutboundTotalLimit)})
		return
	}
	if c.session.Road() == session.Batch {
		if err := c.visit.Charge(0); err != nil {
			c.reply(&protocol.Failure{ID: e.Command.ID, Error: protocol.AsError(err)})
			return
		}
	}
	page, err := c.hub.History(c.hub.ctx, e.Identity, e.Command)
	if err != nil {
		c.reply(&protocol.Failure{ID: e.Command.ID, Error: protocol.AsError(err)})
		return
	}
	c.reply(page)
}
