package text

import (
	"flag"
	"iter"
	"testing"
)

var (
	more  = flag.Int("text.more", 1, "run so many times as many seeds")
	begin = flag.Uint64("text.begin", 0, "the first seed")
)

// seeds are those of a random test: n of them, or few if it is to be short.
func seeds(n, few int) iter.Seq[uint64] {
	if testing.Short() {
		n = few
	}
	return func(yield func(uint64) bool) {
		for i := range uint64(n * *more) {
			if !yield(*begin + i) {
				return
			}
		}
	}
}
