package crdt

import "github.com/go-json-experiment/json/jsontext"

// LWWRegister is one value, of which the last write wins: the one with the
// greatest stamp of a hybrid logical clock. Make one with [NewLWWRegister].
type LWWRegister[T any] struct {
	id    string
	clock hybrid
	held  written
}

// written is a value with its stamp; the zero written was never set.
type written struct {
	stamp stamp
	value string // canonical JSON; empty if never set
}

// beats says whether w stands when both are joined (rule CRDT-13).
func (w written) beats(v written) bool {
	switch {
	case w.value == "":
		return false
	case v.value == "":
		return true
	}
	if order := w.stamp.compare(v.stamp); order != 0 {
		return order > 0
	}
	return compare(w.value, v.value) > 0
}

// NewLWWRegister returns a register that was never set, under a fresh replica
// id.
func NewLWWRegister[T any](clock Clock) *LWWRegister[T] {
	return &LWWRegister[T]{id: newReplicaID(), clock: newHybrid(clock)}
}

// ReplicaID returns the id that this instance writes under.
func (r *LWWRegister[T]) ReplicaID() string { return r.id }

// IsSet says whether a value was ever set.
func (r *LWWRegister[T]) IsSet() bool { return r.held.value != "" }

// Value returns the value, or the zero T if it was never set. The error is
// bad_value if another replica has set one that does not fit T.
func (r *LWWRegister[T]) Value() (T, error) {
	if !r.IsSet() {
		var zero T
		return zero, nil
	}
	return decode[T](r.held.value)
}

// Set writes the value and returns the delta. The error is bad_value or
// clock_skew.
func (r *LWWRegister[T]) Set(v T) (jsontext.Value, error) {
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	s, err := r.clock.next(r.id)
	if err != nil {
		return nil, err
	}
	r.held = written{s, value}
	return r.Payload(), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused or clock_skew.
func (r *LWWRegister[T]) Merge(other *LWWRegister[T]) error { return r.join(other.held) }

// Equal says whether both hold the same value of the same stamp.
func (r *LWWRegister[T]) Equal(other *LWWRegister[T]) bool { return r.held == other.held }

// Payload returns the whole state as canonical JSON.
func (r *LWWRegister[T]) Payload() jsontext.Value {
	b := appendReplicaID(begin(), r.id)
	if r.IsSet() {
		b = appendStamp(append(b, `,"stamp":`...), r.held.stamp)
		b = append(append(b, `,"value":`...), r.held.value...)
	}
	return append(b, '}')
}

// ApplyPayload joins a payload or a delta. The error is bad_payload,
// replica_reused or clock_skew.
func (r *LWWRegister[T]) ApplyPayload(p jsontext.Value) error {
	_, in, err := readLWWRegister(p)
	if err != nil {
		return err
	}
	return r.join(in)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (r *LWWRegister[T]) Resume(p jsontext.Value) error {
	id, in, err := readLWWRegister(p)
	if err != nil {
		return err
	}
	r.take(in)
	r.renew(id)
	return nil
}

// Renew goes on under a fresh replica id; what was written stays.
func (r *LWWRegister[T]) Renew() { r.renew(newReplicaID()) }

func (r *LWWRegister[T]) renew(id string) {
	r.id = id
	r.clock.goOn()
}

func (r *LWWRegister[T]) join(in written) error {
	if in.value == "" {
		return nil
	}
	if err := r.clock.checkReuse(r.id, in.stamp); err != nil {
		return err
	}
	if err := r.clock.checkSkew(in.stamp, r.clock.local()); err != nil {
		return err
	}
	r.take(in)
	return nil
}

func (r *LWWRegister[T]) take(in written) {
	if in.beats(r.held) {
		r.held = in
		r.clock.join(in.stamp)
	}
}

func readLWWRegister(p jsontext.Value) (id string, in written, err error) {
	var stamped bool
	id, err = readPayload(p, func(r *reader) (members, []string) {
		return members{
			"stamp": func() { in.stamp, stamped = r.stamp(), true },
			"value": func() { in.value = r.value() },
		}, []string{"stamp", "value"}
	})
	if err == nil && stamped != (in.value != "") {
		err = errorf(BadPayload, "The payload: stamp and value come together.")
	}
	return id, in, err
}
