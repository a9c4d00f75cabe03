package crdt

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// orState is the state of an ORSet, or a part of it, as it is joined and written.
type orState struct {
	known    []known // by id
	elements []orElement
	dots     []count // of all elements
}

// orElement has dots[from:to] of its state.
type orElement struct {
	value    string // canonical JSON
	from, to int
}

func (e orElement) byValue(f orElement) int { return compare(e.value, f.value) }

// sort puts elements and the dots of each in the order of a payload.
func (s *orState) sort() {
	slices.SortFunc(s.elements, orElement.byValue)
	for _, e := range s.elements {
		slices.SortFunc(s.dots[e.from:e.to], count.byDot)
	}
}

// write writes a sorted state.
func (s *orState) write(id string) jsontext.Value {
	b := appendApart(begin(), s.known)
	b = append(b, `"elements":[`...)
	for _, e := range s.elements {
		b = append(append(appendComma(b), '['), e.value...)
		b = appendCounts(append(b, ",["...), s.dots[e.from:e.to])
		b = append(b, "]]"...)
	}
	b = appendReplicaID(append(b, "],"...), id)
	b = appendSeen(append(b, ','), s.known)
	return append(b, '}')
}

func readORSet(p jsontext.Value) (string, orState, error) {
	var s orState
	var seen []count
	var apart []known
	id, err := readPayload(p, func(r *reader) (members, []string) {
		return members{
			"seen":     func() { seen = r.counts() },
			"apart":    func() { apart = r.apart() },
			"elements": func() { s.elements, s.dots = r.elements() },
		}, []string{"apart"}
	})
	if err != nil {
		return "", orState{}, err
	}
	if s.known, err = joinKnown(seen, apart); err != nil {
		return "", orState{}, err
	}
	if err := s.checkDots(); err != nil {
		return "", orState{}, err
	}
	return id, s, nil
}

// elements reads an array of distinct elements, each with at least one dot, and
// returns it sorted.
func (r *reader) elements() (all []orElement, dots []count) {
	r.array(func() {
		r.tuple(func() {
			e := orElement{value: r.value(), from: len(dots)}
			r.array(func() {
				r.tuple(func() { dots = append(dots, count{r.id(), r.count()}) })
			})
			if e.to = len(dots); e.to == e.from {
				r.failf("the element has no dot")
			}
			all = append(all, e)
		})
	})
	if i := sortDistinct(all, orElement.byValue); i > 0 && r.err == nil {
		r.failf("the element %s is there twice", all[i].value)
	}
	return all, dots
}

// checkDots says whether each dot is known and stands once.
func (s *orState) checkDots() error {
	all := slices.Clone(s.dots)
	if i := sortDistinct(all, count.byDot); i > 0 {
		return errorf(BadPayload, "At /elements: the dot [%s, %d] is there twice.", all[i].id, all[i].n)
	}
	known := s.known
	for _, d := range all {
		for len(known) > 0 && known[0].id < d.id {
			known = known[1:]
		}
		if len(known) == 0 || known[0].id != d.id || !known[0].knows(d.n) {
			return errorf(BadPayload, "At /elements: neither seen nor apart holds the dot [%s, %d].", d.id, d.n)
		}
	}
	return nil
}
