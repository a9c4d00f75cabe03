package text

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

func TestTransform_named_cases(t *testing.T) {
	for _, c := range []struct {
		name        string
		text        string
		a, b        Op
		both        string
		transformed Op // b, against a
	}{
		{"same_position", "ab", Insert(1, "X"), Insert(1, "Y"), "aXYb", Insert(2, "Y")},
		{"insertion_inside_a_deletion_is_kept", "abcd", Delete(1, 2), Insert(2, "X"), "aXd", Insert(1, "X")},
		{"deletion_around_an_insertion", "abcd", Insert(2, "X"), Delete(1, 2), "aXd", Op{{At: 1, Delete: 1}, {At: 2, Delete: 1}}},
		{"overlapping_deletions", "abcdef", Delete(1, 3), Delete(2, 3), "af", Delete(1, 1)},
		{"nested_deletions", "abcdef", Delete(1, 4), Delete(2, 2), "af", nil},
		{"identical_deletions", "abcdef", Delete(1, 4), Delete(1, 4), "af", nil},
		{"empty", "abc", nil, Insert(1, "X"), "aXbc", Insert(1, "X")},
		{"against_nothing", "abc", Insert(1, "X"), nil, "aXbc", nil},
		{"beyond_the_basic_plane", "😀é", Insert(1, "漢😀"), Delete(1, 1), "😀漢😀", Delete(3, 1)},
		{"several_splices", "abc", Op{{At: 0, Insert: "12"}, {At: 1, Insert: "x"}}, Op{{At: 3, Insert: "!"}, {At: 0, Delete: 1}}, "1x2bc!", Op{{At: 6, Insert: "!"}, {At: 3, Delete: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Transform(c.b, c.a, Right)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(c.transformed) {
				t.Errorf("transformed it is %v, %v, want %v", got, err, c.transformed)
			}
			if text := bothWays(t, c.text, c.a, c.b); text != c.both {
				t.Errorf("the text is %q, want %q", text, c.both)
			}
		})
	}
}

// bothWays applies two operations in both orders, which must come to the same.
func bothWays(t *testing.T, text string, a, b Op) string {
	t.Helper()
	apply := func(text string, op Op) string {
		t.Helper()
		text, err := Apply(text, op)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	transform := func(op, against Op, side Side) Op {
		t.Helper()
		op, err := Transform(op, against, side)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	one := apply(apply(text, a), transform(b, a, Right))
	if other := apply(apply(text, b), transform(a, b, Left)); other != one {
		t.Fatalf("%v and %v on %q make %q, or %q", a, b, text, one, other)
	}
	return one
}

// TestTransform compares transforming with merging.
func TestTransform(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 3))
		text := "abé😀ef"
		draw := func() Op {
			var op Op
			length := utf8.RuneCountInString(text)
			for range random.IntN(4) {
				s := Splice{At: random.IntN(length + 1)}
				if random.IntN(2) == 0 {
					s.Delete = random.IntN(min(3, length-s.At) + 1)
				}
				if s.Delete == 0 || random.IntN(3) == 0 {
					s.Insert = []string{"x", "漢y", "😀"}[random.IntN(3)]
				}
				length += utf8.RuneCountInString(s.Insert) - s.Delete
				op = append(op, s)
			}
			return op
		}
		a, b := draw(), draw()
		d := newDocument()
		h := &d.history
		add := func(agent string, parents []lv, op Op) {
			start := h.end
			h.graph.add(start, parents)
			h.splices(op)
			h.agents.add(start, h.agents.named(agent), 0, h.end-start)
		}
		add("base", nil, Insert(0, text))
		base := []lv{h.end - 1}
		add("a", base, a)
		if h.end > base[0]+1 {
			add("b", base, b)
		} else {
			add("a", base, b)
		}
		d.fold(0)
		if got, want := bothWays(t, text, a, b), d.text.String(); got != want {
			t.Fatalf("seed %d: %v and %v on %q make %q, and merged %q", seed, a, b, text, got, want)
		}
	}
}

func TestTransformPosition(t *testing.T) {
	for _, c := range []struct {
		at          int
		op          Op
		left, right int
	}{
		{3, Insert(1, "ab"), 5, 5},
		{3, Insert(3, "ab"), 3, 5},
		{3, Insert(4, "ab"), 3, 3},
		{3, Delete(0, 2), 1, 1},
		{3, Delete(2, 4), 2, 2},
		{3, Op{{At: 2, Delete: 4, Insert: "ab"}}, 2, 4},
		{3, Op{{At: 0, Insert: "x"}, {At: 4, Insert: "y"}}, 4, 5},
	} {
		if left, right := TransformPosition(c.at, c.op, Left), TransformPosition(c.at, c.op, Right); left != c.left || right != c.right {
			t.Errorf("%d after %v is %d and %d, want %d and %d", c.at, c.op, left, right, c.left, c.right)
		}
	}
}

func TestApply_bad_operations(t *testing.T) {
	for _, op := range []Op{
		Insert(-1, "x"), Insert(4, "x"), Delete(0, 4), Delete(-1, 1), Delete(1, -1), Insert(0, "\xff"), Insert(0, "\xed\xa0\x80"),
		Delete(2, int(^uint(0)>>1)),
	} {
		if _, err := Apply("abc", op); CodeOf(err) != BadOperation {
			t.Errorf("%v: %v", op, err)
		}
	}
}
