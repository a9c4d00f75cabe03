package core

import "slices"

// mostOutdated is how often in a row an operation is said anew on a connection.
// More, and the log that the client reads is not the server's.
const mostOutdated = 3

// outdated is that the server wants the first of a topic's operations said anew.
type outdated struct {
	times int  // in a row
	tell  bool // it is to be told before anything is sent
}

// outdate notes that an operation was refused with rebase_required. It reports
// false if that cannot be mended by saying it anew.
func (o *outbox) outdate(e *outgoing) bool {
	if !e.moves || o.outdated.times == mostOutdated {
		return false
	}
	o.outdated.times++
	o.outdated.tell = true
	return true
}

// tellOutdated lets the first operation be said anew, if that is due.
func (c *Core) tellOutdated(o *outbox) bool {
	if !o.outdated.tell || len(o.entries) == 0 || !o.entries[0].moves || o.entries[0].settled {
		return false
	}
	o.outdated.tell = false
	c.amends(o)
	c.emit(Outdated{o.entries[0].key})
	return true
}

// amends lets nothing of a topic be sent in this step if it has positional
// operations: what has come about may change what they are to say.
func (c *Core) amends(o *outbox) {
	if slices.ContainsFunc(o.entries, func(e *outgoing) bool { return e.moves }) {
		o.amending, o.owed = c.steps, true
	}
}

func (a Amend) apply(c *Core) {
	for _, o := range c.outboxes.order {
		i := slices.IndexFunc(o.entries, func(e *outgoing) bool { return e.key == a.Key && e.moves && !e.settled })
		if i < 0 {
			continue
		}
		e := o.entries[i]
		c.outboxes.bytes += len(a.Data) - len(e.data)
		e.base, e.data = &a.Base, a.Data
		c.ledger.note(e)
		c.amends(o)
		return
	}
}
