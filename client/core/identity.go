package core

import "github.com/tuttisync/tutti/protocol"

const (
	day       = 24 * 60 * 60 * 1000
	secretAge = 20 * day // a secret is renewed long before the server forgets it
)

// identity is the secret by which the client is known, and its run.
type identity struct {
	secret protocol.Secret
	taken  int64
	run    uint64
	id     string // the client's, as a server told it; empty: none has yet
	// expired: the server has forgotten this client, so a new secret is due as
	// soon as no entry may be in the log unseen.
	expired bool
}

// renewSecret takes a new secret when one is due and can be taken: entries
// whose fate is unknown must first be answered under the old one.
func (c *Core) renewSecret() {
	id := &c.identity
	due := id.secret == "" || id.expired || c.now-id.taken > secretAge
	if !due || c.outboxes.uncertain() {
		return
	}
	*id = identity{secret: c.options.Secret(), taken: c.now}
	c.ledger.noteClient()
	c.outboxes.renumber()
}

// forget handles client_expired. It reports whether a new secret will help; it
// does not when the current one is fresh, since then the clock that it was
// made by is wrong.
func (c *Core) forget() bool {
	if c.now-c.identity.taken < day {
		return false
	}
	c.identity.expired = true
	return true
}

// renewIfAnswered connects anew under a new secret once every entry is
// answered.
func (c *Core) renewIfAnswered() {
	if !c.identity.expired || !c.online() || c.outboxes.uncertain() || c.outboxes.inFlight() {
		return
	}
	c.leave()
	c.attempt()
}
