package text

import (
	"iter"
	"slices"
	"sort"
)

// blocks are values in an order that their owner knows, in blocks: one is put
// between others, or taken out, without moving all that are behind it.
type blocks[T any] struct{ list [][]T }

// blockLength is how many values a block has at most.
const blockLength = 128

// slot is the place of a value, or that behind the last of a block.
type slot struct{ block, i int }

// first returns the place of the first value that is behind something, as all that
// follow it are.
func (b *blocks[T]) first(behind func(v *T) bool) slot {
	n := len(b.list)
	if n == 0 {
		return slot{}
	}
	at := sort.Search(n-1, func(k int) bool { return behind(&b.list[k+1][0]) })
	block := b.list[at]
	return slot{at, sort.Search(len(block), func(i int) bool { return behind(&block[i]) })}
}

// before is the value in front of a place; nil if there is none.
func (b *blocks[T]) before(s slot) *T {
	if s.i > 0 {
		return &b.list[s.block][s.i-1]
	}
	if s.block > 0 {
		return last(b.list[s.block-1])
	}
	return nil
}

// at is the value of a place; nil if it is behind the last.
func (b *blocks[T]) at(s slot) *T {
	switch {
	case s.block < len(b.list) && s.i < len(b.list[s.block]):
		return &b.list[s.block][s.i]
	case s.block+1 < len(b.list):
		return &b.list[s.block+1][0]
	}
	return nil
}

// last is the last value; nil if there is none.
func (b *blocks[T]) last() *T {
	if n := len(b.list); n > 0 {
		return last(b.list[n-1])
	}
	return nil
}

func last[T any](block []T) *T { return &block[len(block)-1] }

// append puts a value behind all, in a new block if the last one is full: what
// comes in order fills them.
func (b *blocks[T]) append(v T) {
	n := len(b.list)
	if n == 0 || len(b.list[n-1]) == blockLength {
		b.list = append(b.list, nil)
		n++
	}
	b.list[n-1] = append(b.list[n-1], v)
}

// insert puts a value at a place.
func (b *blocks[T]) insert(s slot, v T) {
	if n := len(b.list); n == 0 || s == (slot{n - 1, len(b.list[n-1])}) {
		b.append(v)
		return
	}
	block := slices.Insert(b.list[s.block], s.i, v)
	if len(block) <= blockLength {
		b.list[s.block] = block
		return
	}
	half := len(block) / 2
	b.list[s.block] = block[:half:half]
	b.list = slices.Insert(b.list, s.block+1, slices.Clone(block[half:]))
}

// remove takes out the value of a place.
func (b *blocks[T]) remove(s slot) {
	if s.i == len(b.list[s.block]) {
		s = slot{s.block + 1, 0}
	}
	b.list[s.block] = slices.Delete(b.list[s.block], s.i, s.i+1)
	if len(b.list[s.block]) == 0 {
		b.list = slices.Delete(b.list, s.block, s.block+1)
	}
}

// all are the values in their order.
func (b *blocks[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, block := range b.list {
			for i := range block {
				if !yield(&block[i]) {
					return
				}
			}
		}
	}
}

func (b *blocks[T]) clone() blocks[T] {
	c := blocks[T]{list: slices.Clone(b.list)}
	for i := range c.list {
		c.list[i] = slices.Clone(c.list[i])
	}
	return c
}
