package text

import (
	"strings"
	"unicode/utf8"
)

const (
	// mostRuneEdits is up to how many single edits texts are compared code point
	// by code point.
	mostRuneEdits = 1 << 10
	// mostLineEdits is the same for lines.
	mostLineEdits = 1 << 10
)

// Between returns an operation that makes one text of another: bad_operation if
// one of them is no UTF-8. It is a shortest one where few code points differ, one
// of whole lines where more do, and else replaces all between their common
// beginning and their common end.
func Between(before, after string) (Op, error) {
	if !utf8.ValidString(before) || !utf8.ValidString(after) {
		return nil, fail(BadOperation, "The text is not UTF-8.")
	}
	start := commonStart(before, after)
	at := utf8.RuneCountInString(before[:start])
	before, after = before[start:], after[start:]
	end := commonEnd(before, after)
	before, after = before[:len(before)-end], after[:len(after)-end]
	if before == "" && after == "" {
		return nil, nil
	}
	for _, by := range []struct {
		split func(string) []string
		most  int
	}{
		{func(s string) []string { return strings.Split(s, "") }, mostRuneEdits},
		{func(s string) []string { return strings.SplitAfter(s, "\n") }, mostLineEdits},
	} {
		a, b := by.split(before), by.split(after)
		if script, ok := shortest(a, b, by.most); ok {
			return script.op(at, a, b), nil
		}
	}
	return Op{{At: at, Delete: utf8.RuneCountInString(before), Insert: after}}, nil
}

// commonStart is how many bytes of whole code points two texts begin with.
func commonStart(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) || n > 0 && n < len(b) && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// commonEnd is how many bytes of whole code points two texts end with.
func commonEnd(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}

// script is how one sequence becomes another: the places where they go on
// together, each for n parts.
type script []match

type match struct{ a, b, n int }

// shortest returns the script with the fewest parts deleted and inserted, if
// those are not more than most: the greedy algorithm of Myers, "An O(ND)
// Difference Algorithm and Its Variations" (1986).
func shortest(a, b []string, most int) (script, bool) {
	most = min(most, len(a)+len(b))
	// ends[k+most] is how far of a the best path with b's part = a's - k has come.
	ends := make([]int32, 2*most+2)
	var rounds [][]int32
	for d := 0; d <= most; d++ {
		for k := -d; k <= d; k += 2 {
			x := 0
			switch {
			case d == 0:
			case k == -d || k != d && ends[k-1+most] < ends[k+1+most]:
				x = int(ends[k+1+most])
			default:
				x = int(ends[k-1+most]) + 1
			}
			for x < len(a) && x-k < len(b) && x-k >= 0 && a[x] == b[x-k] {
				x++
			}
			ends[k+most] = int32(x)
			if x >= len(a) && x-k >= len(b) {
				return retrace(rounds, len(a), len(b), d), true
			}
		}
		rounds = append(rounds, append([]int32(nil), ends[most-d:most+d+1]...))
	}
	return nil, false
}

// retrace goes back from the ends of two sequences through the rounds, the d-th of
// which has the ends of the diagonals -d to d.
func retrace(rounds [][]int32, x, y, d int) (s script) {
	for ; d > 0; d-- {
		k, ends := x-y, rounds[d-1]
		at := func(k int) int {
			if k < 1-d || k > d-1 {
				return -1
			}
			return int(ends[k+d-1])
		}
		var px, py int
		if k == -d || k != d && at(k-1) < at(k+1) {
			px = at(k + 1)
			py = px - k - 1
			s = append(s, match{px, py + 1, x - px})
		} else {
			px = at(k - 1)
			py = px - k + 1
			s = append(s, match{px + 1, py, x - px - 1})
		}
		x, y = px, py
	}
	return append(s, match{0, 0, x})
}

// op is the operation that a script is, on a text that has a behind so many code
// points.
func (s script) op(at int, a, b []string) (op Op) {
	x, y := 0, 0
	put := func(toX, toY int) {
		removed, added := strings.Join(a[x:toX], ""), strings.Join(b[y:toY], "")
		if removed != "" || added != "" {
			op = append(op, Splice{at, utf8.RuneCountInString(removed), added})
			at += utf8.RuneCountInString(added)
		}
	}
	for i := len(s) - 1; i >= 0; i-- {
		m := s[i]
		if m.n == 0 {
			continue
		}
		put(m.a, m.b)
		at += utf8.RuneCountInString(strings.Join(a[m.a:m.a+m.n], ""))
		x, y = m.a+m.n, m.b+m.n
	}
	put(len(a), len(b))
	return op
}
