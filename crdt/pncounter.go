package crdt

import (
	"maps"

	"github.com/go-json-experiment/json/jsontext"
)

// PNCounter is a counter that goes up and down. Make one with [NewPNCounter].
type PNCounter struct {
	id             string
	added, removed tally
}

// sides is the state of a PNCounter, or a part of it.
type sides struct{ added, removed []count }

// NewPNCounter returns a counter at 0, under a fresh replica id.
func NewPNCounter() *PNCounter {
	return &PNCounter{id: newReplicaID(), added: newTally(), removed: newTally()}
}

// ReplicaID returns the id that this instance counts under.
func (c *PNCounter) ReplicaID() string { return c.id }

// Value returns what was added without what was removed, within ±[MaxCount].
func (c *PNCounter) Value() int64 { return c.added.total - c.removed.total }

// Increment adds n, at least 1, and returns the delta. The error is bad_value
// for another n, or out_of_range if all that was ever added would pass MaxCount.
func (c *PNCounter) Increment(n int64) (jsontext.Value, error) {
	changed, err := c.added.raise(c.id, n)
	if err != nil {
		return nil, err
	}
	return writePNCounter(c.id, sides{added: []count{changed}}), nil
}

// Decrement takes n away, at least 1, and returns the delta. The error is
// bad_value for another n, or out_of_range if all that was ever taken away would
// pass MaxCount.
func (c *PNCounter) Decrement(n int64) (jsontext.Value, error) {
	changed, err := c.removed.raise(c.id, n)
	if err != nil {
		return nil, err
	}
	return writePNCounter(c.id, sides{removed: []count{changed}}), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused or out_of_range.
func (c *PNCounter) Merge(other *PNCounter) error {
	return c.join(sides{other.added.all(), other.removed.all()})
}

// Equal says whether both have the same counts.
func (c *PNCounter) Equal(other *PNCounter) bool {
	return maps.Equal(c.added.counts, other.added.counts) && maps.Equal(c.removed.counts, other.removed.counts)
}

// Payload returns the whole state as canonical JSON.
func (c *PNCounter) Payload() jsontext.Value {
	return writePNCounter(c.id, sides{c.added.sorted(), c.removed.sorted()})
}

// ApplyPayload joins a payload or a delta. The error is bad_payload,
// replica_reused or out_of_range.
func (c *PNCounter) ApplyPayload(p jsontext.Value) error {
	_, in, err := readPNCounter(p)
	if err != nil {
		return err
	}
	return c.join(in)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (c *PNCounter) Resume(p jsontext.Value) error {
	id, in, err := readPNCounter(p)
	if err != nil {
		return err
	}
	if err := c.checkTotals(in); err != nil {
		return err
	}
	c.id = id
	c.added.join(in.added)
	c.removed.join(in.removed)
	return nil
}

// Renew goes on under a fresh replica id; what was counted stays.
func (c *PNCounter) Renew() { c.renew(newReplicaID()) }

func (c *PNCounter) renew(id string) { c.id = id }

func (c *PNCounter) join(in sides) error {
	if err := c.added.checkReuse(c.id, in.added); err != nil {
		return err
	}
	if err := c.removed.checkReuse(c.id, in.removed); err != nil {
		return err
	}
	if err := c.checkTotals(in); err != nil {
		return err
	}
	c.added.join(in.added)
	c.removed.join(in.removed)
	return nil
}

func (c *PNCounter) checkTotals(in sides) error {
	if err := c.added.checkTotal(in.added); err != nil {
		return err
	}
	return c.removed.checkTotal(in.removed)
}

func readPNCounter(p jsontext.Value) (id string, in sides, err error) {
	id, err = readPayload(p, func(r *reader) (members, []string) {
		return members{
			"added":   func() { in.added = r.counts() },
			"removed": func() { in.removed = r.counts() },
		}, nil
	})
	return id, in, err
}

func writePNCounter(id string, s sides) jsontext.Value {
	b := appendCounts(append(begin(), `"added":[`...), s.added)
	b = appendCounts(append(b, `],"removed":[`...), s.removed)
	return append(appendReplicaID(append(b, "],"...), id), '}')
}
