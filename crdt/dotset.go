package crdt

import "slices"

// dotSet is the state of an ORSet.
//
// A join costs what the joined state holds, and what stands here of the dots
// that it knows. It marks the dots here that are in the joined state too, adds
// those that are new, and then takes away what the joined state knows and is not
// marked. Elements that lost dots are put right once at the end: one by one, an
// element with very many dots would cost their square.
type dotSet struct {
	origins  map[string]*origin
	elements map[string]*element // by canonical JSON
	made     int64               // the last own dot
	joins    uint64              // counts joins, so that marks need no clearing
}

type element struct {
	value string
	dots  []*liveDot // not empty
	lost  bool       // a dot was taken away, and is still in dots
}

// liveDot is a dot that stands.
type liveDot struct {
	from *origin
	n    int64
	of   *element
	mark uint64 // the last join that had this dot, or gone
}

const gone = ^uint64(0)

func newDotSet() dotSet {
	return dotSet{origins: make(map[string]*origin), elements: make(map[string]*element)}
}

func (s *dotSet) origin(id string) *origin {
	o := s.origins[id]
	if o == nil {
		o = &origin{id: id}
		s.origins[id] = o
	}
	return o
}

// goOn takes all known dots of a replica for own ones.
func (s *dotSet) goOn(id string) {
	s.made = 0
	if o := s.origins[id]; o != nil {
		s.made = o.last()
	}
}

// put adds a dot to an element.
func (s *dotSet) put(value string, from *origin, n int64, mark uint64) {
	e := s.elements[value]
	if e == nil {
		e = &element{value: value}
		s.elements[value] = e
	}
	d := &liveDot{from: from, n: n, of: e, mark: mark}
	e.dots = append(e.dots, d)
	if from.live == nil {
		from.live = make(map[int64]*liveDot)
	}
	from.live[n] = d
}

// add gives an element a new dot in place of those that it has.
func (s *dotSet) add(id, value string) (orState, error) {
	if s.made == MaxCount {
		return orState{}, errorf(OutOfRange, "Replica %s added 2^53−1 times.", id)
	}
	taken := s.take(value)
	s.made++
	o := s.origin(id)
	o.learn(s.made)
	s.put(value, o, s.made, 0)
	made := count{id, s.made}
	return orState{
		known:    knownDots(append(taken, made)),
		elements: []orElement{{value, 0, 1}},
		dots:     []count{made},
	}, nil
}

// take takes the dots of an element away and returns them.
func (s *dotSet) take(value string) []count {
	e := s.elements[value]
	if e == nil {
		return nil
	}
	delete(s.elements, value)
	taken := make([]count, len(e.dots), len(e.dots)+1)
	for i, d := range e.dots {
		taken[i] = count{d.from.id, d.n}
		delete(d.from.live, d.n)
	}
	return taken
}

// join is rule CRDT-16.
func (s *dotSet) join(in orState) {
	s.joins++
	o := &origin{} // of the dot before, mostly that of the next one too
	for _, e := range in.elements {
		here := s.elements[e.value]
		for _, d := range in.dots[e.from:e.to] {
			if d.id != o.id {
				o = s.origin(d.id)
			}
			if !o.knows(d.n) {
				s.put(e.value, o, d.n, s.joins)
			} else if l := o.live[d.n]; l != nil && l.of == here {
				l.mark = s.joins
			}
		}
	}
	var losers []*element
	for _, k := range in.known {
		o := s.origin(k.id)
		losers = s.takeAway(o, k, losers)
		o.learnUpTo(k.seen)
		for _, n := range k.apart {
			o.learn(n)
		}
	}
	for _, e := range losers {
		e.lost = false
		e.dots = slices.DeleteFunc(e.dots, func(d *liveDot) bool { return d.mark == gone })
		if len(e.dots) == 0 {
			delete(s.elements, e.value)
		}
	}
}

// takeAway drops the dots that stand here and that k knows, but for the marked
// ones, and appends the elements that lost one.
func (s *dotSet) takeAway(o *origin, k known, losers []*element) []*element {
	drop := func(d *liveDot) {
		if d == nil || d.mark == s.joins {
			return
		}
		d.mark = gone
		delete(o.live, d.n)
		if !d.of.lost {
			d.of.lost = true
			losers = append(losers, d.of)
		}
	}
	if k.seen < int64(len(o.live)) {
		for n := range k.seen {
			drop(o.live[n+1])
		}
	} else {
		for n, d := range o.live {
			if n <= k.seen {
				drop(d)
			}
		}
	}
	for _, n := range k.apart {
		drop(o.live[n])
	}
	return losers
}

func (s *dotSet) equal(other *dotSet) bool {
	if len(s.elements) != len(other.elements) || len(s.origins) != len(other.origins) {
		return false
	}
	for id, o := range s.origins {
		p := other.origins[id]
		if p == nil || o.seen != p.seen || len(o.apart) != len(p.apart) || len(o.live) != len(p.live) {
			return false
		}
		for n := range o.apart {
			if !p.knows(n) {
				return false
			}
		}
		for n, d := range o.live {
			if e := p.live[n]; e == nil || e.of.value != d.of.value {
				return false
			}
		}
	}
	return true
}

// state returns the whole state; its elements are in no order.
func (s *dotSet) state() orState {
	var all orState
	for id, o := range s.origins {
		k := known{id: id, seen: o.seen}
		for n := range o.apart {
			k.apart = append(k.apart, n)
		}
		slices.Sort(k.apart)
		all.known = append(all.known, k)
	}
	slices.SortFunc(all.known, known.byID)
	all.elements = make([]orElement, 0, len(s.elements))
	all.dots = make([]count, 0, len(s.elements))
	for value, e := range s.elements {
		from := len(all.dots)
		for _, d := range e.dots {
			all.dots = append(all.dots, count{d.from.id, d.n})
		}
		all.elements = append(all.elements, orElement{value, from, len(all.dots)})
	}
	return all
}
