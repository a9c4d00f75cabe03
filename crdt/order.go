package crdt

import (
	"cmp"
	"slices"
)

// compare orders strings by UTF-16 code units, as RFC 8785 orders names and
// JavaScript compares strings. That is the order of their UTF-8 bytes, but that
// characters past U+FFFF, whose units are surrogates, come before U+E000.
func compare(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return cmp.Compare(unitOrder(a[i]), unitOrder(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}

// unitOrder moves the bytes that begin U+E000 to U+FFFF behind all others. Two
// characters that begin alike have the same order in both encodings.
func unitOrder(c byte) byte {
	if c == 0xEE || c == 0xEF {
		return c + 0x10
	}
	return c
}

// sortDistinct sorts s unless it is sorted, and returns the place of an element
// that equals the one before it, or -1.
func sortDistinct[E any](s []E, order func(a, b E) int) int {
	if !slices.IsSortedFunc(s, order) {
		slices.SortFunc(s, order)
	}
	for i := 1; i < len(s); i++ {
		if order(s[i-1], s[i]) == 0 {
			return i
		}
	}
	return -1
}
