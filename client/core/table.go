package core

import "slices"

// table holds things by topic, in the order in which they were added.
type table[T comparable] struct {
	byTopic map[string]T
	order   []T
}

func newTable[T comparable]() table[T] { return table[T]{byTopic: map[string]T{}} }

func (b *table[T]) add(topic string, v T) {
	b.byTopic[topic] = v
	b.order = append(b.order, v)
}

func (b *table[T]) remove(topic string) {
	v := b.byTopic[topic]
	delete(b.byTopic, topic)
	b.order = slices.DeleteFunc(b.order, func(o T) bool { return o == v })
}
