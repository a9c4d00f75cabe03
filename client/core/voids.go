package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// voids is a set of seqs that will not be used, as ascending ranges that
// neither touch nor overlap.
type voids []protocol.Range

// add puts in the seqs first to last.
func (v voids) add(first, last uint64) voids {
	i := 0
	for i < len(v) && v[i][1]+1 < first {
		i++
	}
	j := i
	for j < len(v) && v[j][0] <= last+1 {
		first, last = min(first, v[j][0]), max(last, v[j][1])
		j++
	}
	return slices.Replace(slices.Clone(v), i, j, protocol.Range{first, last})
}

// above leaves out the seqs up to seq.
func (v voids) above(seq uint64) voids {
	var rest voids
	for _, r := range v {
		if r[1] > seq {
			rest = append(rest, protocol.Range{max(r[0], seq+1), r[1]})
		}
	}
	return rest
}

// below is the ranges that lie below seq.
func (v voids) below(seq uint64) voids {
	var rest voids
	for _, r := range v {
		if r[0] < seq {
			rest = append(rest, protocol.Range{r[0], min(r[1], seq-1)})
		}
	}
	return rest
}
