package crdt

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// ORSet is a set of which an addition wins over a concurrent removal. Make one
// with [NewORSet].
//
// Each addition is a dot; a removal takes the dots away that it has seen, and
// the causal context tells a dot that was taken away from one that is not known
// yet. So nothing is kept of what was removed: see Bieniusa et al., "An optimized
// conflict-free replicated set" (2012), and Almeida, Shoker, Baquero, "Delta
// state replicated data types" (2018).
type ORSet[T any] struct {
	id   string
	dots dotSet
}

// NewORSet returns an empty set under a fresh replica id.
func NewORSet[T any]() *ORSet[T] {
	return &ORSet[T]{id: newReplicaID(), dots: newDotSet()}
}

// ReplicaID returns the id that this instance adds under.
func (s *ORSet[T]) ReplicaID() string { return s.id }

// Len returns the number of elements.
func (s *ORSet[T]) Len() int { return len(s.dots.elements) }

// Has says whether v is an element. Elements are the same if their canonical
// JSON is.
func (s *ORSet[T]) Has(v T) bool {
	value, err := encode(v)
	return err == nil && s.dots.elements[value] != nil
}

// Value returns the elements in the order of their canonical JSON. The error is
// bad_value if one does not fit T.
func (s *ORSet[T]) Value() ([]T, error) {
	all := make([]string, 0, s.Len())
	for value := range s.dots.elements {
		all = append(all, value)
	}
	slices.SortFunc(all, compare)
	return decodeAll[T](all)
}

// Add adds an element, which may be there already, and returns the delta. The
// error is bad_value, or out_of_range past [MaxCount] additions.
func (s *ORSet[T]) Add(v T) (jsontext.Value, error) {
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	delta, err := s.dots.add(s.id, value)
	if err != nil {
		return nil, err
	}
	return delta.write(s.id), nil
}

// Remove removes an element, which need not be there, and returns the delta. The
// error is bad_value.
func (s *ORSet[T]) Remove(v T) (jsontext.Value, error) {
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	delta := orState{known: knownDots(s.dots.take(value))}
	return delta.write(s.id), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused.
func (s *ORSet[T]) Merge(other *ORSet[T]) error { return s.join(other.dots.state()) }

// Equal says whether both have the same elements by the same additions, and know
// of the same removals.
func (s *ORSet[T]) Equal(other *ORSet[T]) bool { return s.dots.equal(&other.dots) }

// Payload returns the whole state as canonical JSON.
func (s *ORSet[T]) Payload() jsontext.Value {
	state := s.dots.state()
	state.sort()
	return state.write(s.id)
}

// ApplyPayload joins a payload or a delta. The error is bad_payload or
// replica_reused.
func (s *ORSet[T]) ApplyPayload(p jsontext.Value) error {
	_, in, err := readORSet(p)
	if err != nil {
		return err
	}
	return s.join(in)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (s *ORSet[T]) Resume(p jsontext.Value) error {
	id, in, err := readORSet(p)
	if err != nil {
		return err
	}
	s.dots.join(in)
	s.renew(id)
	return nil
}

// Renew goes on under a fresh replica id; the elements stay.
func (s *ORSet[T]) Renew() { s.renew(newReplicaID()) }

func (s *ORSet[T]) renew(id string) {
	s.id = id
	s.dots.goOn(id)
}

func (s *ORSet[T]) join(in orState) error {
	for _, k := range in.known {
		if k.id == s.id && k.last() > s.dots.made {
			return errReused(s.id, k.last(), s.dots.made)
		}
	}
	s.dots.join(in)
	return nil
}
