package text

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the histories that both languages check")

// mulberry makes numbers that look random and follow from a seed, by 32-bit
// arithmetic that is the same in TypeScript (mulberry32 by Tommy Ettinger).
type mulberry uint32

func (m *mulberry) IntN(n int) int {
	*m += 0x6d2b79f5
	x := uint32(*m)
	x = (x ^ x>>15) * (x | 1)
	x ^= x + (x^x>>7)*(x|61)
	return int((x ^ x>>14) % uint32(n))
}

// agreed is a history that follows from a seed and a number of steps, and the
// text that it comes to.
type agreed struct {
	Seed  uint32 `json:"seed"`
	Steps int    `json:"steps"`
	Text  string `json:"text"`
}

func (a agreed) fold() *document {
	random, d := mulberry(a.Seed), newDocument()
	drawHistory(&random, a.Steps, func(x txn) { x.addTo(&d.history) })
	d.fold(0)
	return d
}

// TestAgree holds Go and TypeScript together: both make the same random
// histories from a seed, and come to the same texts.
func TestAgree(t *testing.T) {
	for _, a := range vectorsOf(t, "histories.json", func() (all []agreed) {
		for seed := range uint32(400) {
			a := agreed{Seed: seed, Steps: 5 + int(seed)%60}
			if seed%40 == 0 {
				a.Steps = 200
			}
			a.Text = a.fold().text.String()
			all = append(all, a)
		}
		return all
	}) {
		if got := a.fold().text.String(); got != a.Text {
			t.Errorf("seed %d: the text is %q, want %q", a.Seed, got, a.Text)
		}
	}
}

// agreedUpdate is what a replica has that was given such a history, one
// transaction after the other.
type agreedUpdate struct {
	Seed    uint32   `json:"seed"`
	Steps   int      `json:"steps"`
	Update  []byte   `json:"update"` // all of it, base64
	Version Version  `json:"version"`
	Blame   []author `json:"blame"`
	Text    string   `json:"text"`
}

type author struct {
	At     int    `json:"at"`
	Length int    `json:"length"`
	Agent  string `json:"agent"`
	Seq    int    `json:"seq"`
}

// TestAgree_updates holds the bytes of updates together, and what is told of a
// history.
func TestAgree_updates(t *testing.T) {
	made := func(seed uint32, steps int) agreedUpdate {
		r := New("reader")
		random := mulberry(seed)
		var owners []Event
		drawHistory(&random, steps, func(x txn) {
			c := Change{Agent: x.Agent, Seq: x.SeqStart}
			for _, p := range x.Parents {
				c.Parents = append(c.Parents, owners[p])
			}
			for k := range x.Span[1] - x.Span[0] {
				owners = append(owners, Event{x.Agent, x.SeqStart + k})
			}
			for _, o := range x.Ops {
				c.Op = append(c.Op, Splice{o.at, o.n, o.text})
			}
			if _, err := r.MergeChanges([]Change{c}); err != nil {
				t.Fatal(err)
			}
		})
		a := agreedUpdate{Seed: seed, Steps: steps, Update: since(t, r, nil), Version: version(t, r), Text: r.String(), Blame: []author{}}
		for _, b := range blame(t, r) {
			a.Blame = append(a.Blame, author{b.At, b.Len, b.Agent, b.Seq})
		}
		return a
	}
	for _, a := range vectorsOf(t, "updates.json", func() (all []agreedUpdate) {
		for seed := range uint32(60) {
			all = append(all, made(1000+seed, 5+int(seed)))
		}
		return all
	}) {
		if got := made(a.Seed, a.Steps); !reflect.DeepEqual(got, a) {
			t.Errorf("seed %d: it is %+v, want %+v", a.Seed, got, a)
		}
		r := New("another")
		if merge(t, r, a.Update); r.String() != a.Text || !bytes.Equal(since(t, r, nil), a.Update) {
			t.Errorf("seed %d: merged it is %q, want %q", a.Seed, r.String(), a.Text)
		}
	}
}

// agreedSave is what such a history is saved as.
type agreedSave struct {
	Seed  uint32 `json:"seed"`
	Steps int    `json:"steps"`
	Saved []byte `json:"saved"` // base64
	Text  string `json:"text"`
}

// TestAgree_saved holds the bytes together that are saved.
func TestAgree_saved(t *testing.T) {
	made := func(seed uint32, steps int) agreedSave {
		d := agreed{Seed: seed, Steps: steps}.fold()
		r := Replica{history: d.history, text: d.text}
		saved, err := r.Save()
		if err != nil {
			t.Fatal(err)
		}
		return agreedSave{seed, steps, saved, r.String()}
	}
	for _, a := range vectorsOf(t, "saved.json", func() (all []agreedSave) {
		for seed := range uint32(50) {
			steps := 3 * int(seed)
			if seed%10 == 9 {
				steps = 400
			}
			all = append(all, made(seed, steps))
		}
		return all
	}) {
		if got := made(a.Seed, a.Steps); !reflect.DeepEqual(got, a) {
			t.Errorf("seed %d: it is %+v, want %+v", a.Seed, got, a)
		}
		r, err := Open("opener", a.Saved)
		if err != nil || r.String() != a.Text {
			t.Errorf("seed %d: opened it is %q, %v", a.Seed, r.String(), err)
		} else if err := r.load(); err != nil {
			t.Errorf("seed %d: %v", a.Seed, err)
		}
	}
}

// agreedFold is a log, what becomes of the text, and the fold of it, whole.
type agreedFold struct {
	Entries  []agreedEntry  `json:"entries"`
	Bar      uint64         `json:"bar"` // after all
	Snapshot agreedSnapshot `json:"snapshot"`
}

type agreedEntry struct {
	Offset uint64   `json:"offset"`
	Client string   `json:"client"`
	Base   uint64   `json:"base"`
	After  []uint64 `json:"after,omitempty"`
	Op     Op       `json:"op"`
	Eff    Op       `json:"eff,omitzero"` // its effect on the text as it is, if it is another
}

// agreedSnapshot is a snapshot as text/document writes it.
type agreedSnapshot struct {
	Text   string          `json:"text"`
	Bar    uint64          `json:"bar"`
	Length int             `json:"length"`
	Log    []*agreedLogged `json:"log"` // null: without effect
}

type agreedLogged struct {
	Client string   `json:"client,omitempty"`
	Base   uint64   `json:"base"`
	After  []uint64 `json:"after,omitempty"`
	Op     Op       `json:"op"`
}

func agreedOf(s Snapshot) agreedSnapshot {
	a := agreedSnapshot{s.Text, s.Bar, s.Length, make([]*agreedLogged, len(s.Entries))}
	for i, e := range s.Entries {
		if e.Op != nil {
			a.Log[i] = &agreedLogged{e.Client, e.Base, e.After, e.Op}
		}
	}
	return a
}

func (a *agreedFold) note(e Entry, effect Op) {
	entry := agreedEntry{e.Offset, e.Client, e.Base, e.After, listed(e.Op), nil}
	if !slices.Equal(e.Op, effect) {
		entry.Eff = listed(effect)
	}
	a.Entries = append(a.Entries, entry)
}

// TestAgree_folds holds the folds of logs together.
func TestAgree_folds(t *testing.T) {
	for i, a := range vectorsOf(t, "folds.json", func() (all []agreedFold) {
		end := func(a agreedFold, f *Fold) {
			a.Bar, a.Snapshot = f.Bar(), agreedOf(f.Snapshot())
			all = append(all, a)
		}
		for seed := range uint64(60) {
			f, a := NewFold("", 0, Limits{}), agreedFold{}
			random, log := rand.New(rand.NewPCG(seed, 12)), newDrawnLog()
			for range 30 {
				e := log.draw(random, 0)
				eff, err := f.Fold(e)
				if err != nil {
					t.Fatal(err)
				}
				a.note(e, eff)
			}
			end(a, f)
		}
		for _, lag := range []int{3, 20, 60} {
			f, a := NewFold("", 0, Limits{}), agreedFold{}
			writeLong(t, rand.New(rand.NewPCG(uint64(lag), 17)), f, 700, lag, a.note)
			end(a, f)
		}
		return all
	}) {
		f, got := NewFold("", 0, Limits{}), agreedFold{}
		for _, e := range a.Entries {
			entry := Entry{e.Offset, e.Client, e.Base, e.After, e.Op}
			eff, err := f.Fold(entry)
			if err != nil {
				t.Fatalf("log %d, entry %d: %v", i, e.Offset, err)
			}
			got.note(entry, eff)
		}
		got.Bar, got.Snapshot = f.Bar(), agreedOf(f.Snapshot())
		if !reflect.DeepEqual(got, a) {
			t.Errorf("log %d: it is %+v, want %+v", i, got, a)
		}
	}
}

// agreedExcision is operations on a text of so many code points, and what they
// become without one of them.
type agreedExcision struct {
	Length  int  `json:"length"`
	Ops     []Op `json:"ops"`
	Without int  `json:"without"`
	Rest    []Op `json:"rest"`
}

// TestAgree_excised holds together what excising comes to.
func TestAgree_excised(t *testing.T) {
	excise := func(a agreedExcision) []Op {
		rest, err := Excise(a.Ops, a.Without, a.Length)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rest {
			rest[i] = listed(rest[i])
		}
		return rest
	}
	for i, a := range vectorsOf(t, "excised.json", func() (all []agreedExcision) {
		for seed := range uint64(100) {
			random := rand.New(rand.NewPCG(seed, 13))
			a := agreedExcision{Length: random.IntN(10)}
			for _, op := range drawOps(random, a.Length) {
				a.Ops = append(a.Ops, listed(op))
			}
			a.Without = random.IntN(len(a.Ops))
			a.Rest = excise(a)
			all = append(all, a)
		}
		return all
	}) {
		if got := excise(a); !reflect.DeepEqual(got, a.Rest) {
			t.Errorf("case %d: the rest is %v, want %v", i, got, a.Rest)
		}
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

// listed is an operation that is an array in JSON also if it is empty.
func listed(op Op) Op { return append(Op{}, op...) }

// vectorsOf returns the values of a file that both languages check, which makes
// are written to first if -update is given: one on a line.
func vectorsOf[T any](t *testing.T, name string, makes func() []T) []T {
	t.Helper()
	file := filepath.Join("../conformance/text", name)
	if *update {
		out := []byte("[")
		for i, value := range makes() {
			line, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, '\n'), line...)
		}
		if err := os.WriteFile(file, append(out, "\n]\n"...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var values []T
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	return values
}
