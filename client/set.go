package client

import (
	"fmt"
	"iter"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/set"
)

// Set is a set of values that marshal to JSON. Of an add and a remove that did
// not know of each other, the add wins.
type Set[T any] struct {
	*Document
	all *view[T]
}

// OpenSet opens a topic as a set. It returns at once: [Document.Ready] waits,
// and tells what is wrong with the topic. An element that does not become a T
// is not shown, and told to OnError.
func OpenSet[T any](c *Client, topic string, options DocumentOptions) *Set[T] {
	s := &Set[T]{Document: c.open(topic, set.Type, options)}
	s.all = newView(s.Document, viewOptions[T]{decode: s.decode, compare: byCanonical[T]})
	return s
}

func (s *Set[T]) decode(key string, _ any) (v T, err error) {
	if err := json.Unmarshal([]byte(key), &v); err != nil {
		return v, fmt.Errorf("decode the element %.80s: %w", key, err)
	}
	return v, nil
}

// Has says whether a value is in the set.
func (s *Set[T]) Has(value T) bool {
	raw, err := json.Marshal(value)
	if err != nil {
		return false
	}
	key, err := protocol.Canonical(raw)
	if err != nil {
		return false
	}
	shown, _ := s.get(string(key))
	return shown != nil
}

// Len returns how many elements there are.
func (s *Set[T]) Len() int { return len(s.all.rows()) }

// byCanonical is the order of a set's value (rule SET-3).
func byCanonical[T any](a, b *row[T]) int { return protocol.CompareUTF16(a.key, b.key) }

// All are the elements, in the order of their canonical JSON, as they are when
// the loop begins. They are shared, and not to be changed.
func (s *Set[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, r := range s.all.rows() {
			if !yield(r.value) {
				return
			}
		}
	}
}

// Values returns the elements as All tells them.
func (s *Set[T]) Values() []T { return slices.Collect(s.All()) }

// Add adds 1 to 1,000 elements, all at once. Local are those of them that are in
// the set after it.
func (s *Set[T]) Add(values ...T) Made[[]T] { return s.mutateSet(set.Add{Values: anys(values)}) }

// Remove takes out 1 to 1,000 elements, all at once, as far as this client has
// seen them added. Local are those of them that are in the set after it.
func (s *Set[T]) Remove(values ...T) Made[[]T] { return s.mutateSet(set.Remove{Values: anys(values)}) }

func (s *Set[T]) mutateSet(operation any) Made[[]T] {
	m, differences := s.mutate(operation, nil, nil)
	var local []T
	for _, d := range differences {
		if d.After == nil {
			continue
		}
		if v, err := s.decode(d.Key, d.After); err == nil {
			local = append(local, v)
		}
	}
	return Made[[]T]{m, local}
}

func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}
