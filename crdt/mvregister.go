package crdt

import (
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MVRegister is a value that keeps all that was written concurrently, until a
// write that has seen them replaces them. Make one with [NewMVRegister].
type MVRegister[T any] struct {
	id   string
	last map[string]version // of each replica that is known
}

// version is a write of a replica: the n-th, and its value if that stands.
// Older writes of the same replica never stand, since each replaced the former.
type version struct {
	n     int64
	value string // canonical JSON; empty if it was replaced
}

// join returns what stands of two versions of one replica (rule CRDT-15). That
// the same write has two values comes of an id that lived twice.
func (v version) join(w version) version {
	switch {
	case v.n > w.n || v.n == w.n && v.value == "":
		return v
	case v.n < w.n || w.value == "" || compare(v.value, w.value) < 0:
		return w
	}
	return v
}

// dotted is a version with the replica that wrote it.
type dotted struct {
	id string
	version
}

// NewMVRegister returns a register that was never set, under a fresh replica id.
func NewMVRegister[T any]() *MVRegister[T] {
	return &MVRegister[T]{id: newReplicaID(), last: make(map[string]version)}
}

// ReplicaID returns the id that this instance writes under.
func (r *MVRegister[T]) ReplicaID() string { return r.id }

// IsSet says whether a value was ever set.
func (r *MVRegister[T]) IsSet() bool { return len(r.standing()) > 0 }

// Conflict says whether there is more than one value.
func (r *MVRegister[T]) Conflict() bool { return len(r.standing()) > 1 }

// Values returns what was written concurrently, each value once, in the order
// of their canonical JSON. The error is bad_value if one does not fit T.
func (r *MVRegister[T]) Values() ([]T, error) {
	return decodeAll[T](r.standing())
}

// Value returns the first of Values, or the zero T if it was never set.
func (r *MVRegister[T]) Value() (T, error) {
	all := r.standing()
	if len(all) == 0 {
		var zero T
		return zero, nil
	}
	return decode[T](all[0])
}

// Set writes the value in place of all that are there and returns the delta.
// The error is bad_value, or out_of_range past [MaxCount] writes.
func (r *MVRegister[T]) Set(v T) (jsontext.Value, error) {
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	n := r.last[r.id].n
	if n == MaxCount {
		return nil, errorf(OutOfRange, "Replica %s wrote 2^53−1 times.", r.id)
	}
	delta := []dotted{{r.id, version{n + 1, value}}}
	for id, v := range r.last {
		if v.value == "" {
			continue
		}
		v.value = ""
		r.last[id] = v
		if id != r.id {
			delta = append(delta, dotted{id, v})
		}
	}
	r.last[r.id] = delta[0].version
	return writeMVRegister(r.id, delta), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused.
func (r *MVRegister[T]) Merge(other *MVRegister[T]) error { return r.join(other.all()) }

// Equal says whether both know the same writes and hold the same values.
func (r *MVRegister[T]) Equal(other *MVRegister[T]) bool { return maps.Equal(r.last, other.last) }

// Payload returns the whole state as canonical JSON.
func (r *MVRegister[T]) Payload() jsontext.Value { return writeMVRegister(r.id, r.all()) }

// ApplyPayload joins a payload or a delta. The error is bad_payload or
// replica_reused.
func (r *MVRegister[T]) ApplyPayload(p jsontext.Value) error {
	_, in, err := readMVRegister(p)
	if err != nil {
		return err
	}
	return r.join(in)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (r *MVRegister[T]) Resume(p jsontext.Value) error {
	id, in, err := readMVRegister(p)
	if err != nil {
		return err
	}
	r.id = id
	r.take(in)
	return nil
}

// Renew goes on under a fresh replica id; what was written stays.
func (r *MVRegister[T]) Renew() { r.renew(newReplicaID()) }

func (r *MVRegister[T]) renew(id string) { r.id = id }

func (r *MVRegister[T]) join(in []dotted) error {
	for _, d := range in {
		if d.id == r.id && d.n > r.last[r.id].n {
			return errReused(r.id, d.n, r.last[r.id].n)
		}
	}
	r.take(in)
	return nil
}

func (r *MVRegister[T]) take(in []dotted) {
	for _, d := range in {
		r.last[d.id] = r.last[d.id].join(d.version)
	}
}

// standing returns the distinct values in order.
func (r *MVRegister[T]) standing() []string {
	var all []string
	for _, v := range r.last {
		if v.value != "" {
			all = append(all, v.value)
		}
	}
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// all returns the state in no order.
func (r *MVRegister[T]) all() []dotted {
	all := make([]dotted, 0, len(r.last))
	for id, v := range r.last {
		all = append(all, dotted{id, v})
	}
	return all
}

func readMVRegister(p jsontext.Value) (string, []dotted, error) {
	var seen []count
	var values []dotted
	id, err := readPayload(p, func(r *reader) (members, []string) {
		return members{
			"seen": func() { seen = r.counts() },
			"values": func() {
				r.array(func() {
					r.tuple(func() { values = append(values, dotted{r.id(), version{r.count(), r.value()}}) })
				})
			},
		}, nil
	})
	if err != nil {
		return "", nil, err
	}
	in := make([]dotted, len(seen))
	for i, c := range seen {
		in[i] = dotted{c.id, version{n: c.n}}
	}
	for _, v := range values {
		i, ok := slices.BinarySearchFunc(seen, count{id: v.id}, count.byID)
		switch {
		case !ok || seen[i].n != v.n:
			return "", nil, errorf(BadPayload, "At /values: seen does not end with [%s, %d].", v.id, v.n)
		case in[i].value != "":
			return "", nil, errorf(BadPayload, "At /values: [%s, %d] is there twice.", v.id, v.n)
		}
		in[i].value = v.value
	}
	return id, in, nil
}

// writeMVRegister sorts the state it writes.
func writeMVRegister(id string, state []dotted) jsontext.Value {
	slices.SortFunc(state, func(a, b dotted) int { return compare(a.id, b.id) })
	b := appendReplicaID(begin(), id)
	b = append(b, `,"seen":[`...)
	for _, d := range state {
		b = appendCounts(b, []count{{d.id, d.n}})
	}
	b = append(b, `],"values":[`...)
	for _, d := range state {
		if d.value == "" {
			continue
		}
		b = appendID(append(appendComma(b), '['), d.id)
		b = strconv.AppendInt(append(b, ','), d.n, 10)
		b = append(append(append(b, ','), d.value...), ']')
	}
	return append(b, "]}"...)
}
