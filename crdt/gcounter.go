package crdt

import (
	"maps"

	"github.com/go-json-experiment/json/jsontext"
)

// GCounter is a counter that only grows. Make one with [NewGCounter].
type GCounter struct {
	id    string
	tally tally
}

// NewGCounter returns a counter at 0, under a fresh replica id.
func NewGCounter() *GCounter {
	return &GCounter{id: newReplicaID(), tally: newTally()}
}

// ReplicaID returns the id that this instance counts under.
func (c *GCounter) ReplicaID() string { return c.id }

// Value returns the sum of what all replicas counted, at most [MaxCount].
func (c *GCounter) Value() int64 { return c.tally.total }

// Increment adds n, at least 1, and returns the delta. The error is bad_value
// for another n, or out_of_range.
func (c *GCounter) Increment(n int64) (jsontext.Value, error) {
	changed, err := c.tally.raise(c.id, n)
	if err != nil {
		return nil, err
	}
	return writeGCounter(c.id, []count{changed}), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused or out_of_range.
func (c *GCounter) Merge(other *GCounter) error { return c.join(other.tally.all()) }

// Equal says whether both have the same counts.
func (c *GCounter) Equal(other *GCounter) bool {
	return maps.Equal(c.tally.counts, other.tally.counts)
}

// Payload returns the whole state as canonical JSON.
func (c *GCounter) Payload() jsontext.Value { return writeGCounter(c.id, c.tally.sorted()) }

// ApplyPayload joins a payload or a delta. The error is bad_payload,
// replica_reused or out_of_range.
func (c *GCounter) ApplyPayload(p jsontext.Value) error {
	_, counts, err := readGCounter(p)
	if err != nil {
		return err
	}
	return c.join(counts)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (c *GCounter) Resume(p jsontext.Value) error {
	id, counts, err := readGCounter(p)
	if err != nil {
		return err
	}
	if err := c.tally.checkTotal(counts); err != nil {
		return err
	}
	c.id = id
	c.tally.join(counts)
	return nil
}

// Renew goes on under a fresh replica id; what was counted stays.
func (c *GCounter) Renew() { c.renew(newReplicaID()) }

func (c *GCounter) renew(id string) { c.id = id }

func (c *GCounter) join(counts []count) error {
	if err := c.tally.checkReuse(c.id, counts); err != nil {
		return err
	}
	if err := c.tally.checkTotal(counts); err != nil {
		return err
	}
	c.tally.join(counts)
	return nil
}

func readGCounter(p jsontext.Value) (id string, counts []count, err error) {
	id, err = readPayload(p, func(r *reader) (members, []string) {
		return members{"counts": func() { counts = r.counts() }}, nil
	})
	return id, counts, err
}

func writeGCounter(id string, counts []count) jsontext.Value {
	b := appendCounts(append(begin(), `"counts":[`...), counts)
	return append(appendReplicaID(append(b, "],"...), id), '}')
}
