package hub

import (
	"errors"
	"math/rand/v2"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// source is the entry that put code points into a text; the zero source, what was
// there before the log begins.
type source struct {
	offset uint64
	time   int64
	author *protocol.Author
	client string
}

// runs says of each code point of a text which entry it is from: runs in the order
// of the text, in a treap (Seidel and Aragon, "Randomized Search Trees", 1996).
// A splice takes O(log n) for n runs.
type runs struct{ root *run }

type run struct {
	left, right *run
	weight      uint32 // at least that of the runs below it
	length      int    // code points of the run,
	total       int    // and of all below it too
	from        *source
}

var errMisfit = errors.New("an effect is not within the text")

func newRun(length int, from *source) *run {
	return &run{weight: rand.Uint32(), length: length, total: length, from: from}
}

func (r *run) size() int {
	if r == nil {
		return 0
	}
	return r.total
}

// sum brings total up, and returns r.
func (r *run) sum() *run {
	r.total = r.left.size() + r.length + r.right.size()
	return r
}

// cut returns what is in front of a place, and what is behind it.
func (r *run) cut(at int) (front, back *run) {
	if r == nil {
		return nil, nil
	}
	before := r.left.size()
	switch {
	case at <= before:
		front, r.left = r.left.cut(at)
		return front, r.sum()
	case at >= before+r.length:
		r.right, back = r.right.cut(at - before - r.length)
		return r.sum(), back
	}
	// The rest draws a weight of its own: pieces of one run that weigh the same
	// would hang on each other like a list.
	back = join(newRun(before+r.length-at, r.from), r.right)
	r.length, r.right = at-before, nil
	return r.sum(), back
}

// join puts one behind the other.
func join(front, back *run) *run {
	switch {
	case front == nil:
		return back
	case back == nil:
		return front
	case front.weight >= back.weight:
		front.right = join(front.right, back)
		return front.sum()
	}
	back.left = join(front, back.left)
	return back.sum()
}

// splice notes what an entry did.
func (r *runs) splice(s doc.Splice, from *source) error {
	if s.At < 0 || s.Delete < 0 || s.At > r.root.size() || s.Delete > r.root.size()-s.At {
		return errMisfit
	}
	front, rest := r.root.cut(s.At)
	_, back := rest.cut(s.Delete)
	if s.Insert > 0 {
		front = join(front, newRun(s.Insert, from))
	}
	r.root = join(front, back)
	return nil
}

// each calls fn with every run, in order. Its stack is as deep as the treap: about
// the logarithm of how many runs there are.
func (r *run) each(fn func(length int, from *source)) {
	if r == nil {
		return
	}
	r.left.each(fn)
	fn(r.length, r.from)
	r.right.each(fn)
}
