package crdt

import (
	"cmp"
	"slices"
)

// count is how much a replica counted, or one of its dots.
type count struct {
	id string
	n  int64
}

func (c count) byID(d count) int { return cmp.Compare(c.id, d.id) }

func (c count) byDot(d count) int {
	return cmp.Or(cmp.Compare(c.id, d.id), cmp.Compare(c.n, d.n))
}

// counts reads an array of counts of distinct ids, and returns it sorted.
func (r *reader) counts() []count {
	var all []count
	r.array(func() {
		r.tuple(func() { all = append(all, count{r.id(), r.count()}) })
	})
	if i := sortDistinct(all, count.byID); i > 0 && r.err == nil {
		r.failf("replica %s is there twice", all[i].id)
	}
	return all
}

// tally is the sum of what each replica counted.
type tally struct {
	counts map[string]int64
	total  int64 // at most MaxCount
}

func newTally() tally { return tally{counts: make(map[string]int64)} }

// raise adds n to the count of a replica.
func (t *tally) raise(id string, n int64) (count, error) {
	if n < 1 || n > MaxCount {
		return count{}, errorf(BadValue, "A counter goes by a whole number from 1 to 2^53−1, not by %d.", n)
	}
	if t.total > MaxCount-n {
		return count{}, errorf(OutOfRange, "%d and %d are past 2^53−1.", t.total, n)
	}
	t.counts[id] += n
	t.total += n
	return count{id, t.counts[id]}, nil
}

// checkReuse is rule CRDT-8 for a state to be joined.
func (t *tally) checkReuse(own string, in []count) error {
	for _, c := range in {
		if c.id == own && c.n > t.counts[own] {
			return errReused(own, c.n, t.counts[own])
		}
	}
	return nil
}

// checkTotal is rule CRDT-11 for a state to be joined.
func (t *tally) checkTotal(in []count) error {
	total := t.total
	for _, c := range in {
		if total += max(0, c.n-t.counts[c.id]); total > MaxCount {
			return errorf(OutOfRange, "The sum of all counts would be past 2^53−1.")
		}
	}
	return nil
}

// join takes the greater count of each replica.
func (t *tally) join(in []count) {
	for _, c := range in {
		if more := c.n - t.counts[c.id]; more > 0 {
			t.counts[c.id] = c.n
			t.total += more
		}
	}
}

// all returns the counts in no order.
func (t *tally) all() []count {
	all := make([]count, 0, len(t.counts))
	for id, n := range t.counts {
		all = append(all, count{id, n})
	}
	return all
}

func (t *tally) sorted() []count {
	all := t.all()
	slices.SortFunc(all, count.byID)
	return all
}
