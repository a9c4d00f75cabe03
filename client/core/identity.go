package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

const (
	day       = 24 * 60 * 60 * 1000
	secretAge = 20 * day // a secret is renewed long before the server forgets it
	seenTime  = 10_000   // after welcome a document holds what was taken, or it is lost
)

// identity is the secret by which the client is known, and its run.
type identity struct {
	secret protocol.Secret
	taken  int64
	run    uint64
	id     string // the client's, as a server told it; empty: none has yet
	// expired: the server has forgotten this client, or it cannot be kept, so a new
	// secret is due as soon as no entry may be in the log unseen.
	expired bool
	since   int64 // when the server said so
}

// renewSecret takes a new secret when one is due and can be taken: entries
// whose fate is unknown must first be answered under the old one, and documents
// must hold what was (rule DOC-34).
func (c *Core) renewSecret() {
	id := &c.identity
	due := id.secret == "" || id.expired || c.now-id.taken > secretAge
	if !due || c.outboxes.uncertain() || c.unseen() {
		return
	}
	*id = identity{secret: c.options.Secret(), taken: c.now}
	c.ledger.noteClient()
	c.ledger.noteBirth()
	c.outboxes.renumber()
}

// forget handles client_expired. It reports whether a new secret will help; it
// does not when the current one is fresh, since then the clock that it was
// made by is wrong.
func (c *Core) forget() bool {
	if c.now-c.identity.taken < day {
		return false
	}
	c.identity.expire(c.now)
	return true
}

func (id *identity) expire(now int64) {
	if !id.expired {
		id.expired, id.since = true, now
	}
}

// unseen says whether a document lacks an operation that the server took. What
// was made since follows that one, and under a new client its past would not have
// it: that goes by the client alone as far as it is above the base.
func (c *Core) unseen() bool {
	if slices.ContainsFunc(c.outboxes.order, func(o *outbox) bool { return o.awaited }) {
		return true
	}
	for _, s := range c.subscriptions.order {
		o := c.outboxes.byTopic[s.topic]
		if o == nil {
			continue
		}
		for _, h := range s.handlers {
			if h.doc != "" && h.started && h.position.Offset < o.taken {
				return true
			}
		}
	}
	return false
}

// renewIfAnswered connects anew under a new secret once every entry is answered,
// and seen, or will not be.
func (c *Core) renewIfAnswered() {
	if !c.renews() || c.now < c.renewal() {
		return
	}
	for _, o := range c.outboxes.order {
		o.taken, o.awaited = 0, false
	}
	c.leave()
	c.attempt()
}

// renews says whether nothing but what documents lack keeps from a new secret
// that the server has called for.
func (c *Core) renews() bool {
	return c.identity.expired && c.online() && !c.outboxes.uncertain() && !c.outboxes.inFlight()
}

// renewal is when the new secret is taken then.
func (c *Core) renewal() int64 {
	if !c.unseen() {
		return c.now
	}
	return max(c.identity.since, c.connection.since) + seenTime
}
