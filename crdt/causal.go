package crdt

import (
	"maps"
	"slices"
	"strconv"
)

// origin is what a set knows of one replica: which of its dots, and which of
// those stand. The known dots are all up to seen, and those in apart, of which
// none follows on seen; so what arrives in order takes no space.
type origin struct {
	id    string
	seen  int64
	apart map[int64]struct{} // nil at first
	live  map[int64]*liveDot // nil at first
}

func (o *origin) knows(n int64) bool {
	if n <= o.seen {
		return true
	}
	_, ok := o.apart[n]
	return ok
}

// learn makes one more dot known.
func (o *origin) learn(n int64) {
	switch {
	case n <= o.seen:
	case n == o.seen+1:
		o.seen = n
		o.compact()
	default:
		if o.apart == nil {
			o.apart = make(map[int64]struct{})
		}
		o.apart[n] = struct{}{}
	}
}

// learnUpTo makes all dots up to n known.
func (o *origin) learnUpTo(n int64) {
	if n <= o.seen {
		return
	}
	o.seen = n
	if len(o.apart) > 0 {
		maps.DeleteFunc(o.apart, func(m int64, _ struct{}) bool { return m <= n })
		o.compact()
	}
}

// compact moves to seen what follows on it.
func (o *origin) compact() {
	for {
		if _, ok := o.apart[o.seen+1]; !ok {
			return
		}
		o.seen++
		delete(o.apart, o.seen)
	}
}

// last returns the greatest known dot.
func (o *origin) last() int64 {
	last := o.seen
	for n := range o.apart {
		last = max(last, n)
	}
	return last
}

// known is the dots of one replica that a payload knows: all up to seen, and
// those in apart, which ascend past seen.
type known struct {
	id    string
	seen  int64 // 0 for none
	apart []int64
}

func (k known) byID(l known) int { return compare(k.id, l.id) }

func (k known) knows(n int64) bool {
	if n <= k.seen {
		return true
	}
	_, ok := slices.BinarySearch(k.apart, n)
	return ok
}

func (k known) last() int64 {
	if len(k.apart) > 0 {
		return k.apart[len(k.apart)-1]
	}
	return k.seen
}

// knownDots gathers distinct dots, which it sorts, into what knows just them.
func knownDots(dots []count) []known {
	slices.SortFunc(dots, count.byDot)
	var all []known
	for _, d := range dots {
		if len(all) == 0 || all[len(all)-1].id != d.id {
			all = append(all, known{id: d.id})
		}
		k := &all[len(all)-1]
		if d.n == k.seen+1 {
			k.seen++
		} else {
			k.apart = append(k.apart, d.n)
		}
	}
	return all
}

// apart reads the array of dots that are known past seen. Its ids are distinct
// and it ascends.
func (r *reader) apart() []known {
	var all []known
	r.array(func() {
		r.tuple(func() {
			k := known{id: r.id()}
			r.array(func() { k.apart = append(k.apart, r.count()) })
			if len(k.apart) == 0 {
				r.failf("there is no dot of replica %s", k.id)
			}
			slices.Sort(k.apart)
			if len(slices.Compact(slices.Clone(k.apart))) < len(k.apart) {
				r.failf("a dot of replica %s is there twice", k.id)
			}
			all = append(all, k)
		})
	})
	if i := sortDistinct(all, known.byID); i > 0 && r.err == nil {
		r.failf("replica %s is there twice", all[i].id)
	}
	return all
}

// joinKnown puts seen and apart, both sorted by id, together.
func joinKnown(seen []count, apart []known) ([]known, error) {
	all := make([]known, 0, len(seen)+len(apart))
	for _, c := range seen {
		for len(apart) > 0 && apart[0].id < c.id {
			all = append(all, apart[0])
			apart = apart[1:]
		}
		k := known{id: c.id, seen: c.n}
		if len(apart) > 0 && apart[0].id == c.id {
			if k.apart = apart[0].apart; k.apart[0] <= k.seen {
				return nil, errorf(BadPayload, "At /apart: seen holds the dot [%s, %d] already.", k.id, k.apart[0])
			}
			apart = apart[1:]
		}
		all = append(all, k)
	}
	return append(all, apart...), nil
}

// appendApart appends the member apart, if there is anything in it.
func appendApart(b []byte, all []known) []byte {
	start := len(b)
	for _, k := range all {
		if len(k.apart) == 0 {
			continue
		}
		if len(b) == start {
			b = append(b, `"apart":[`...)
		}
		b = appendID(append(appendComma(b), '['), k.id)
		b = append(b, ",["...)
		for _, n := range k.apart {
			b = strconv.AppendInt(appendComma(b), n, 10)
		}
		b = append(b, "]]"...)
	}
	if len(b) > start {
		b = append(b, "],"...)
	}
	return b
}

func appendSeen(b []byte, all []known) []byte {
	b = append(b, `"seen":[`...)
	for _, k := range all {
		if k.seen > 0 {
			b = appendCounts(b, []count{{k.id, k.seen}})
		}
	}
	return append(b, ']')
}
