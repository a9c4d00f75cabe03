package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestRope compares a rope with a slice of code points, under many changes.
func TestRope(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		letters := []rune("ab\n é漢😀")
		words := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteRune(letters[random.IntN(len(letters))])
			}
			return b.String()
		}
		start := words([]int{0, 3, 5000}[seed%3])
		r, naive := newRope(start), []rune(start)
		for step := range 3000 {
			at := random.IntN(len(naive) + 1)
			if random.IntN(20) == 0 {
				at = []int{0, len(naive)}[random.IntN(2)]
			}
			if random.IntN(5) < 3 || step%500 < 50 {
				text := words(1 + random.IntN(6))
				if random.IntN(40) == 0 {
					text = words(random.IntN(4000))
				}
				r.insert(at, text, sizeOf(text))
				naive = append(naive[:at:at], append([]rune(text), naive[at:]...)...)
			} else {
				n := min(len(naive)-at, random.IntN(20))
				if random.IntN(50) == 0 {
					n = random.IntN(len(naive) - at + 1)
				}
				r.remove(at, n)
				naive = append(naive[:at:at], naive[at+n:]...)
			}
			if step%50 > 0 {
				continue
			}
			if got := r.String(); got != string(naive) {
				t.Fatalf("seed %d, step %d: the text differs", seed, step)
			}
			if want := sizeOf(string(naive)); r.size != want || r.root.size() != want || want.units != len(utf16.Encode(naive)) || want.runes != len(naive) {
				t.Fatalf("seed %d, step %d: the size is %v, %v, want %v", seed, step, r.size, r.root.size(), want)
			}
			from := random.IntN(len(naive) + 1)
			to := from + random.IntN(len(naive)-from+1)
			if got := r.slice(from, to); got != string(naive[from:to]) {
				t.Fatalf("seed %d, step %d: the slice differs", seed, step)
			}
			before := sizeOf(string(naive[:from]))
			for _, from := range []unit{inRunes, inUnits, inBytes} {
				for _, to := range []unit{inRunes, inUnits, inBytes} {
					if got := r.convert(before.in(from), from, to); got != before.in(to) {
						t.Fatalf("seed %d, step %d: unit %d to %d is %d, want %d", seed, step, from, to, got, before.in(to))
					}
				}
			}
		}
	}
}
