package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// fewest is how many code points must be deleted and inserted at least, by the
// table of the longest common subsequence.
func fewest(before, after string) int {
	a, b := []rune(before), []rune(after)
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return len(a) + len(b) - 2*row[len(b)]
}

func TestBetween(t *testing.T) {
	alphabet := []string{"a", "b", "é", "è", "😀", "😁", "\n"}
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 13))
		draw := func() string {
			var b strings.Builder
			for range random.IntN(20) {
				b.WriteString(alphabet[random.IntN(len(alphabet))])
			}
			return b.String()
		}
		before, after := draw(), draw()
		if random.IntN(2) == 0 {
			after, _ = Apply(before, drawOp(random, utf8.RuneCountInString(before)))
		}
		op, err := Between(before, after)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Apply(before, op); err != nil || got != after {
			t.Fatalf("%v makes %q of %q, want %q (%v)", op, got, before, after, err)
		}
		if n, want := op.events(), fewest(before, after); n != want {
			t.Fatalf("%v has %d events, %q to %q takes %d", op, n, before, after, want)
		}
	}
}

func TestBetween_texts_that_differ_much(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 14))
	line := func() string {
		b := make([]byte, 40)
		for i := range b {
			b[i] = byte('a' + random.IntN(26))
		}
		return string(b) + "\n"
	}
	var lines []string
	for range 1000 {
		lines = append(lines, line())
	}
	before := strings.Join(lines, "")
	for i := 0; i < len(lines); i += 10 {
		lines[i] = line()
	}
	after := strings.Join(lines, "")
	op, err := Between(before, after)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Apply(before, op); err != nil || got != after || len(op) < 90 || op.events() > 100*82 {
		t.Errorf("%d splices with %d events: %v", len(op), op.events(), err)
	}
	other := strings.Repeat("xyz", 100_000)
	if op, err = Between(before, other); err != nil || len(op) != 1 {
		t.Errorf("%d splices: %v", len(op), err)
	}
	if got, err := Apply(before, op); err != nil || got != other {
		t.Error(err)
	}
	if _, err := Between("a\xff", "b"); CodeOf(err) != BadOperation {
		t.Error(err)
	}
}
