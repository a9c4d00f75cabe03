package text

import "slices"

// same says whether two operations have the same events, but for the order in
// which they delete what is deleted in one go: a snapshot says one with fewer
// splices than its author did.
func (op Op) same(other Op) bool {
	return slices.Equal(op, other) || slices.Equal(op.canonical(), other.canonical())
}

// canonical is the operation in the one way in which all that are the same say it:
// what is deleted in one go from behind, in as few splices as it can be.
func (op Op) canonical() (said Op) {
	var gone []span // what is deleted in one go, of the text before
	end := func() {
		for _, s := range slices.Backward(gone) {
			said = said.with(edit{at: s.start, n: s.end - s.start})
		}
		gone = nil
	}
	for _, s := range op {
		if s.Delete > 0 {
			gone = without(gone, s.At, s.Delete)
		}
		if s.Insert != "" {
			end()
			said = said.with(edit{at: s.At, text: s.Insert})
		}
	}
	end()
	return said
}

// without adds to spans of a text that are gone n code points behind so many of
// what is left of it.
func without(gone []span, at, n int) []span {
	i := 0
	for i < len(gone) && gone[i].start <= at {
		at += gone[i].end - gone[i].start
		i++
	}
	s, j := span{at, at + n}, i
	for j < len(gone) && gone[j].start <= s.end {
		s.end += gone[j].end - gone[j].start
		j++
	}
	return slices.Replace(gone, i, j, s)
}
