package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tuttisync/tutti/internal/naive"
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

// TestFold compares the fold of a log with the naive engine: entries of clients
// that are behind, that pipeline, that have none, that saw a sibling's.
func TestFold(t *testing.T) {
	for seed := range seeds(400, 100) {
		random := rand.New(rand.NewPCG(seed, 9))
		log, f := newDrawnLog(), NewFold("", 0, Limits{})
		n := log
		for range 40 {
			e := log.draw(random, f.Bar())
			offset := e.Offset
			before := f.String()
			if random.IntN(4) == 0 {
				f.Try()
				for range 1 + random.IntN(3) { // these are taken back
					other := Entry{Offset: f.Offset() + 1, Client: e.Client, Base: e.Base + uint64(random.IntN(int(f.Offset()+1-e.Base)))}
					other.Op = drawOp(random, 1)
					if _, err := f.Fold(other); err != nil && CodeOf(err) != BadOperation {
						t.Fatal(err)
					}
				}
				if f.Kept() != before {
					t.Fatalf("seed %d: what is kept is %q, want %q", seed, f.Kept(), before)
				}
				if f.TakeBack(0); f.String() != before || f.Offset() != offset-1 {
					t.Fatalf("seed %d: what was taken back left %q at %d, want %q", seed, f.String(), f.Offset(), before)
				}
				f.Keep()
			}
			eff, err := f.Fold(e)
			if err != nil {
				t.Fatalf("seed %d: entry %d: %v", seed, offset, err)
			}
			if got, want := f.String(), n.String(); got != want {
				t.Fatalf("seed %d: after entry %d it is %q, want %q", seed, offset, got, want)
			}
			if after, err := Apply(before, eff); err != nil || after != f.String() {
				t.Fatalf("seed %d: the effect %v of %q makes %q, %v, want %q", seed, eff, before, after, err, f.String())
			}
			if random.IntN(10) == 0 {
				snapshot := f.Snapshot()
				if f, err = Load(snapshot, Limits{}); err != nil || snapshot.Offset() != offset || f.Offset() != offset || f.String() != n.String() {
					t.Fatalf("seed %d: loaded at %d: %v", seed, offset, err)
				}
			}
			if random.IntN(15) == 0 {
				f.raise()
			}
		}
	}
}

// writeLong lets five authors, who are up to so many entries behind, write a log,
// which is folded and told, and returns the updates of their replicas.
func writeLong(t *testing.T, random *rand.Rand, f *Fold, entries uint64, lag int, tell func(e Entry, effect Op)) (updates [][]byte) {
	type author struct {
		replica *Replica
		base    uint64
	}
	authors := make(map[string]*author)
	for offset := uint64(1); offset <= entries; offset++ {
		e := Entry{Offset: offset, Client: string(rune('a' + random.IntN(5)))}
		a := authors[e.Client]
		if a == nil {
			a = &author{replica: New(e.Client)}
			authors[e.Client] = a
		}
		for e.Base = max(f.Bar(), offset-min(offset, 1+uint64(random.IntN(lag)))); a.base < e.Base; a.base++ {
			merge(t, a.replica, updates[a.base])
		}
		e.Base = a.base
		if length := a.replica.Len(); length > 20 && random.IntN(2) == 0 {
			e.Op = Delete(random.IntN(length), 1)
		} else {
			e.Op = Insert(random.IntN(length+1), string(rune('a'+random.IntN(26))))
		}
		before := version(t, a.replica)
		if err := a.replica.Edit(e.Op); err != nil {
			t.Fatal(err)
		}
		updates = append(updates, since(t, a.replica, before))
		effect, err := f.Fold(e)
		if err != nil {
			t.Fatal(err)
		}
		tell(e, effect)
	}
	return updates
}

// TestFold_TEXT8_bars folds a log so long that it has bars, and compares it with
// replicas, which know of none.
func TestFold_TEXT8_bars(t *testing.T) {
	for _, lag := range []int{3, 40} {
		random := rand.New(rand.NewPCG(uint64(lag), 12))
		f := NewFold("", 0, Limits{})
		var bars []uint64
		updates := writeLong(t, random, f, 1600, lag, func(e Entry, _ Op) {
			if f.Bar() == e.Offset {
				bars = append(bars, e.Offset)
			}
		})
		all := New("all")
		for _, u := range updates {
			merge(t, all, u)
		}
		if f.String() != all.String() {
			t.Errorf("it is %q, want %q", f.String(), all.String())
		}
		if len(bars) < 2 || bars[0] < barEntries || bars[1] < bars[0]+barEntries {
			t.Errorf("the bars are %v", bars)
		}
		if entries, events := f.Held(); entries > int(1600-bars[len(bars)-1]) || events > entries {
			t.Errorf("%d entries and %d events are held", entries, events)
		}
		if _, err := f.Fold(Entry{Offset: 1601, Base: bars[len(bars)-1] - 1, Op: Insert(0, "x")}); CodeOf(err) != RebaseRequired {
			t.Errorf("below the bar: %v", err)
		}
	}
}

func TestLoad_what_is_no_snapshot(t *testing.T) {
	whole := Snapshot{Text: "hello!", Bar: 10, Length: 5, Entries: []Entry{{Offset: 11, Client: "ann", Base: 10, Op: Insert(5, "!")}}}
	if f, err := Load(whole, Limits{}); err != nil || f.Offset() != 11 {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Snapshot){
		"another length":    func(s *Snapshot) { s.Length = 6 },
		"a negative length": func(s *Snapshot) { s.Length = -1 },
		"no text":           func(s *Snapshot) { s.Text = "hell\xffo" },
		"another offset":    func(s *Snapshot) { s.Entries[0].Offset = 12 },
		"another base":      func(s *Snapshot) { s.Entries[0].Base = 9 },
		"another position":  func(s *Snapshot) { s.Entries[0].Op = Insert(6, "!") },
		"no operation":      func(s *Snapshot) { s.Entries[0].Op = Insert(-1, "!") },
	} {
		s := whole
		s.Entries = slices.Clone(whole.Entries)
		change(&s)
		if _, err := Load(s, Limits{}); CodeOf(err) != BadUpdate {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFold_TEXT8_a_bar_is_forced(t *testing.T) {
	f := NewFold("", 0, Limits{})
	for offset := uint64(1); f.Bar() == 0 && offset < 10000; offset++ {
		e := Entry{Offset: offset, Client: "ann", Base: 0, Op: Insert(0, "a")}
		if offset%2 == 0 {
			e.Client = "bob" // who sees none of ann's
		}
		if _, err := f.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	if f.Bar() != mostBarEntries {
		t.Errorf("the bar is at %d", f.Bar())
	}
}

func TestFold_what_cannot_be_folded(t *testing.T) {
	f := NewFold("hello", 10, Limits{})
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

func TestFold_limits(t *testing.T) {
	f := NewFold("hello", 0, Limits{Length: 8, Splices: 2, Moves: 3})
	fold := func(e Entry, code Code, text string, moved int) {
		t.Helper()
		if _, err := f.Fold(e); CodeOf(err) != code || f.String() != text || f.Moved() != moved {
			t.Errorf("%+v: %v; it is %q, and %d moved", e, err, f.String(), f.Moved())
		}
	}
	fold(Entry{Offset: 1, Client: "ann", Op: Op{{At: 0, Insert: "a"}, {At: 0, Insert: "b"}, {At: 0, Insert: "c"}}}, LimitExceeded, "hello", 0)
	fold(Entry{Offset: 1, Client: "ann", Op: Insert(5, "1234")}, LimitExceeded, "hello", 0)
	fold(Entry{Offset: 1, Client: "ann", Op: Insert(5, "12")}, "", "hello12", 0)
	fold(Entry{Offset: 2, Client: "bob", Op: Insert(0, "ab")}, LimitExceeded, "hello12", 2)
	fold(Entry{Offset: 2, Client: "bob", Op: Insert(0, "a")}, "", "ahello12", 0)
	fold(Entry{Offset: 3, Client: "ann", Op: Delete(0, 1)}, "", "aello12", 3)
	fold(Entry{Offset: 4, Client: "bob", Op: Delete(0, 1)}, RebaseRequired, "aello12", 4)
	fold(Entry{Offset: 4, Client: "bob", Base: 2, Op: Delete(0, 1)}, "", "ello12", 2)
}

// TestExcise compares what is left of operations without one of them with what
// the naive engine has without its events.
func TestExcise(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 10))
		base := "hello😀"
		n := &naive.Text{}
		n.Edit("base", 0, nil, naive.Op(Insert(0, base)))
		length := utf8.RuneCountInString(base)
		var ops []Op
		var ends []lv
		for range 1 + random.IntN(6) {
			op := drawOp(random, length)
			length, _ = op.check(length)
			n.Edit("ann", len(n.Events), []lv{n.Last()}, naive.Op(op))
			ops, ends = append(ops, op), append(ends, len(n.Events))
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
			if want := n.Of(func(v lv) bool { return v < ends[i] && (v < start || v >= ends[without]) }); text != want {
				t.Fatalf("seed %d: %v without %d are %v: after %d it is %q, want %q", seed, ops, without, rest, i, text, want)
			}
		}
	}
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
	f := NewFold("", 0, Limits{})
	for offset := uint64(1); offset <= 4000; offset++ {
		seen := offset - 1 - uint64(random.IntN(int(min(offset, 20))))
		e := Entry{Offset: offset, Client: fmt.Sprint("client ", random.IntN(50)), Base: max(seen, f.Bar()), Op: Insert(0, "x")}
		if _, err := f.Fold(e); err != nil {
			b.Fatal(err)
		}
		log = append(log, e)
	}
	for b.Loop() {
		f := NewFold("", 0, Limits{})
		for _, e := range slices.Clone(log) {
			if _, err := f.Fold(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestFold_TEXT8_a_bar_while_tentative counts at once, though what is before it is
// kept until it cannot be taken back.
func TestFold_TEXT8_a_bar_while_tentative(t *testing.T) {
	f := NewFold("", 0, Limits{})
	put := func(base uint64) error {
		_, err := f.Fold(Entry{Offset: f.Offset() + 1, Client: "ann", Base: base, Op: Insert(0, "a")})
		return err
	}
	f.Try()
	for f.Bar() == 0 {
		if err := put(f.Offset()); err != nil {
			t.Fatal(err)
		}
	}
	bar := f.Bar()
	if err := put(bar - 1); CodeOf(err) != RebaseRequired {
		t.Errorf("below the bar: %v", err)
	}
	if err := put(bar); err != nil {
		t.Error(err)
	}
	if f.TakeBack(bar - 1); f.Bar() != 0 {
		t.Errorf("with what was the bar taken back, it is at %d", f.Bar())
	}
	if err := put(bar - 1); err != nil || f.Bar() != bar {
		t.Errorf("the bar is at %d again, want %d: %v", f.Bar(), bar, err)
	}
	f.Keep()
	if entries, _ := f.Held(); entries != 0 {
		t.Errorf("%d entries are held before the bar", entries)
	}
}

// What a log cost was charged when it was folded: a snapshot of it can always be read.
func TestLoad_TEXT8_a_log_that_was_dear(t *testing.T) {
	f := NewFold("", 0, Limits{})
	add := func(client string, base uint64, op Op) {
		t.Helper()
		if _, err := f.Fold(Entry{Offset: f.Offset() + 1, Client: client, Base: base, Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	add("ann", 0, Insert(0, strings.Repeat("a", 4000)))
	for i := range 900 { // the run in pieces
		add(fmt.Sprint("bob", i), 1, Insert(4*i+2, "b"))
	}
	for i := range 1200 { // each takes all of them back, and puts them in again
		add(fmt.Sprint("cleo", i), uint64(i%2), Insert(0, "c"))
	}
	if f.Bar() != 0 {
		t.Fatalf("there is a bar at %d", f.Bar())
	}
	g, err := Load(f.Snapshot(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if g.String() != f.String() {
		t.Error("it has another text")
	}
}
