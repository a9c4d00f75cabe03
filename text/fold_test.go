package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"
)

func drawOp(random *rand.Rand, length int) Op {
	var op Op
	for range random.IntN(3) {
		s := Splice{At: []int{0, length, length / 2, random.IntN(length + 1)}[random.IntN(4)]}
		if random.IntN(3) == 0 {
			s.Delete = random.IntN(min(4, length-s.At) + 1)
		}
		if s.Delete == 0 || random.IntN(3) == 0 {
			s.Insert = []string{"a", "bc", "é漢", "😀"}[random.IntN(4)]
		}
		length += utf8.RuneCountInString(s.Insert) - s.Delete
		op = append(op, s)
	}
	return op
}

// addOp adds an operation to the naive engine.
func (n *naive) addOp(agent string, seq int, parents []lv, op Op) {
	add := func(e event) {
		e.agent, e.seq, e.parents = agent, seq, parents
		n.add(e)
		parents = []lv{len(n.events) - 1}
		seq++
	}
	for _, s := range op {
		for range s.Delete {
			add(event{at: s.At})
		}
		at := s.At
		for _, c := range s.Insert {
			add(event{insert: true, at: at, text: c})
			at++
		}
	}
}

// drawLog makes the entries of a log: of clients that are behind, that pipeline,
// that have none, that saw a sibling's. It tells each when the naive engine has it,
// and now and then that there is a bar.
func drawLog(random *rand.Rand, entries uint64, tell func(n *naive, e Entry), setBar func()) {
	n := &naive{}
	var ends []int            // events after each entry
	own := map[string][]int{} // the events of each client
	nobody := 0
	bar := uint64(0)
	for offset := uint64(1); offset <= entries; offset++ {
		e := Entry{Offset: offset, Client: []string{"", "ann", "bob", "cyd"}[random.IntN(4)]}
		e.Base = bar + uint64(random.IntN(int(offset-bar)))
		if random.IntN(2) == 0 {
			e.Base = offset - 1
		}
		var past []lv
		if e.Base > 0 {
			for v := range ends[e.Base-1] {
				past = append(past, v)
			}
		}
		if random.IntN(8) == 0 && e.Base+1 < offset {
			after := e.Base + 1 + uint64(random.IntN(int(offset-e.Base-1)))
			e.After = []uint64{after}
			from := 0
			if after > 1 {
				from = ends[after-2]
			}
			for v := from; v < ends[after-1]; v++ {
				past = append(past, v)
			}
		}
		agent, seq := e.Client, len(own[e.Client])
		if e.Client == "" {
			seq = nobody
		} else {
			past = append(past, own[e.Client]...)
		}
		e.Op = drawOp(random, utf8.RuneCountInString(n.at(past)))
		start := len(n.events)
		n.addOp(agent, seq, past, e.Op)
		for v := start; v < len(n.events); v++ {
			own[e.Client] = append(own[e.Client], v)
		}
		if e.Client == "" {
			nobody = len(own[""])
		}
		ends = append(ends, len(n.events))
		tell(n, e)
		if random.IntN(15) == 0 {
			bar = offset
			setBar()
		}
	}
}

// TestFold compares the fold of a log with the naive engine.
func TestFold(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		f := NewFold("", 0)
		drawLog(rand.New(rand.NewPCG(seed, 9)), 40, func(n *naive, e Entry) {
			before := f.String()
			eff, err := f.Fold(e)
			if err != nil {
				t.Fatalf("seed %d: entry %d: %v", seed, e.Offset, err)
			}
			if got, want := f.String(), n.String(); got != want {
				t.Fatalf("seed %d: after entry %d it is %q, want %q", seed, e.Offset, got, want)
			}
			if after, err := Apply(before, eff); err != nil || after != f.String() {
				t.Fatalf("seed %d: the effect %v of %q makes %q, %v, want %q", seed, eff, before, after, err, f.String())
			}
		}, f.SetBar)
	}
}

func TestFold_what_cannot_be_folded(t *testing.T) {
	f := NewFold("hello", 10)
	if _, err := f.Fold(Entry{Offset: 11, Base: 10, Client: "ann", Op: Insert(5, "!")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e    Entry
		code Code
	}{
		{Entry{Offset: 12, Base: 9, Op: Insert(0, "x")}, RebaseRequired},
		{Entry{Offset: 13, Base: 11, Op: Insert(0, "x")}, BadOperation},
		{Entry{Offset: 12, Base: 12, Op: Insert(0, "x")}, BadOperation},
		{Entry{Offset: 12, Base: 11, Op: Insert(7, "x")}, BadOperation},
		{Entry{Offset: 12, Base: 10, Client: "bob", Op: Insert(6, "x")}, BadOperation}, // bob has not seen the !
		{Entry{Offset: 12, Base: 10, After: []uint64{12}, Op: Insert(0, "x")}, BadOperation},
		{Entry{Offset: 12, Base: 10, After: []uint64{9}, Op: Insert(0, "x")}, BadOperation},
	} {
		if _, err := f.Fold(c.e); CodeOf(err) != c.code || f.String() != "hello!" || f.Offset() != 11 {
			t.Errorf("%+v: %v; it is %q at %d", c.e, err, f.String(), f.Offset())
		}
	}
	if _, err := f.Fold(Entry{Offset: 12, Base: 10, Client: "ann", Op: Insert(6, "?")}); err != nil || f.String() != "hello!?" {
		t.Errorf("one's own entries are seen: %v, %q", err, f.String())
	}
}

// drawOps makes operations that follow each other, the first on a text of so many
// code points.
func drawOps(random *rand.Rand, length int) (ops []Op) {
	for range 1 + random.IntN(6) {
		op := drawOp(random, length)
		length, _ = op.check(length)
		ops = append(ops, op)
	}
	return ops
}

// TestExcise compares what is left of operations without one of them with what
// the naive engine has without its events.
func TestExcise(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 10))
		base := "hello😀"
		n := &naive{}
		n.addOp("base", 0, nil, Insert(0, base))
		ops := drawOps(random, utf8.RuneCountInString(base))
		var ends []lv
		for _, op := range ops {
			n.addOp("ann", len(n.events), []lv{len(n.events) - 1}, op)
			ends = append(ends, len(n.events))
		}
		without := random.IntN(len(ops))
		rest, err := Excise(ops, without, utf8.RuneCountInString(base))
		if err != nil {
			t.Fatal(err)
		}
		start := utf8.RuneCountInString(base)
		if without > 0 {
			start = ends[without-1]
		}
		text := base
		for i, op := range rest {
			if text, err = Apply(text, op); err != nil {
				t.Fatalf("seed %d: %v without %d: %v", seed, ops, without, err)
			}
			if i == without {
				continue
			}
			if want := n.without(span{start, ends[without]}, ends[i]); text != want {
				t.Fatalf("seed %d: %v without %d are %v: after %d it is %q, want %q", seed, ops, without, rest, i, text, want)
			}
		}
	}
}

// without is the text of the events up to end, as if some had had no effect.
func (n *naive) without(some span, end lv) string {
	gone := make(map[lv]bool)
	for v, e := range n.events[:end] {
		if !e.insert && !some.has(v) {
			gone[e.target] = true
		}
	}
	text := ""
	for _, it := range n.items {
		if it.id < end && !some.has(it.id) && !gone[it.id] {
			text += string(n.events[it.id].text)
		}
	}
	return text
}

func ExampleExcise() {
	pending := []Op{Insert(0, "Dear "), Insert(5, "Bob, "), Delete(0, 5)}
	rest, err := Excise(pending, 0, 5)
	fmt.Println(rest[1:], err)
	// Output: [[{0 0 Bob, }] []] <nil>
}

func BenchmarkFold(b *testing.B) {
	log := make([]Entry, 0, 4000)
	random := rand.New(rand.NewPCG(1, 11))
	f := NewFold("", 0)
	for offset := uint64(1); offset <= 4000; offset++ {
		e := Entry{Offset: offset, Client: fmt.Sprint("client ", random.IntN(50)), Base: offset - 1 - uint64(random.IntN(int(min(offset, 20))))}
		e.Op = Insert(0, "x")
		if _, err := f.Fold(e); err != nil {
			b.Fatal(err)
		}
		log = append(log, e)
	}
	for b.Loop() {
		f := NewFold("", 0)
		for _, e := range slices.Clone(log) {
			if _, err := f.Fold(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}
