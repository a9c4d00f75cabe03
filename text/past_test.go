package text

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tuttisync/tutti/internal/naive"
)

func blame(t *testing.T, r *Replica) []Authorship {
	t.Helper()
	runs, err := r.Blame()
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// drawReplica makes a random history, as the naive engine and a replica have it.
func drawReplica(random *rand.Rand) (*naive.Text, *Replica) {
	n, r := &naive.Text{}, New("reader")
	drawHistory(random, 5+random.IntN(30), func(x txn) {
		x.addToNaive(n)
		start := r.history.end
		x.addTo(&r.history)
		version, err := r.history.walk(r.version, start, r.Len(), &r.near, r.text.edit)
		if err != nil {
			panic(err)
		}
		r.version = version
	})
	return n, r
}

// version is that of some events with their past.
func (h *history) version(heads []lv) Version {
	v := make(Version)
	for _, s := range h.past(heads) {
		for e := s.start; e < s.end; e++ {
			agent, seq := h.agents.of(e)
			name := h.agents.names[agent]
			v[name] = append(v[name], [2]int{seq, seq + 1})
		}
	}
	return v
}

// TestPast compares past versions, differences, authorship and anchors with the
// naive engine.
func TestPast(t *testing.T) {
	for seed := range seeds(500, 50) {
		random := rand.New(rand.NewPCG(seed, 6))
		n, r := drawReplica(random)
		h := &r.history
		draw := func() []lv {
			var events []lv
			for range random.IntN(3) {
				if h.end > 0 {
					events = append(events, random.IntN(h.end))
				}
			}
			return h.graph.dominators(events)
		}
		for range 5 {
			a, b := draw(), draw()
			from, err := r.At(h.version(a))
			if err != nil || from != n.At(a) {
				t.Fatalf("seed %d: at %v it is %q, %v, want %q", seed, a, from, err, n.At(a))
			}
			op, err := r.Diff(h.version(a), h.version(b))
			if err != nil {
				t.Fatal(err)
			}
			if to, err := Apply(from, op); err != nil || to != n.At(b) {
				t.Fatalf("seed %d: from %v to %v it is %v, which makes %q of %q, %v, want %q", seed, a, b, op, to, from, err, n.At(b))
			}
		}
		var want, got []Authorship
		at := 0
		places := make(map[lv]int) // in front of each code point that ever was
		for _, it := range n.Items {
			places[it.ID] = at
			if !it.Gone {
				want = append(want, Authorship{at, 1, n.Events[it.ID].Agent, n.Events[it.ID].Seq})
				at++
			}
		}
		for _, run := range blame(t, r) {
			for k := range run.Len {
				got = append(got, Authorship{run.At + k, 1, run.Agent, run.Seq + k})
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: blame is %v, want %v", seed, got, want)
		}
		for _, it := range n.Items {
			e := n.Events[it.ID]
			behind := places[it.ID]
			if !it.Gone {
				behind++
			}
			for _, c := range []struct {
				a    Anchor
				want int
			}{{Anchor{e.Agent, e.Seq, true}, places[it.ID]}, {Anchor{e.Agent, e.Seq, false}, behind}} {
				if got, err := r.Position(c.a); err != nil || got != c.want {
					t.Fatalf("seed %d: %v is at %d, %v, want %d", seed, c.a, got, err, c.want)
				}
			}
		}
		for at := range r.Len() + 1 {
			for _, side := range []Side{Left, Right} {
				a, err := r.Anchor(at, side)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := r.Position(a); err != nil || got != at {
					t.Fatalf("seed %d: the anchor %v of %d is at %d, %v", seed, a, at, got, err)
				}
			}
		}
	}
}

func TestAt_no_version(t *testing.T) {
	r := New("ann")
	for _, s := range []string{"a", "b"} {
		if err := r.Insert(0, s); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []Version{{"ann": {{1, 2}}}, {"ann": {{0, 3}}}, {"bob": {{0, 1}}}, {"ann": {{0, 1 << 30}}}} {
		if _, err := r.At(v); CodeOf(err) != BadOperation {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func again(t *testing.T, undo func() (Op, error)) Op {
	t.Helper()
	op, err := undo()
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestUndo(t *testing.T) {
	ann, bob := New("ann"), New("bob")
	edit := func(r *Replica, op Op) {
		t.Helper()
		if err := r.Edit(op); err != nil {
			t.Fatal(err)
		}
	}
	exchange := func() {
		t.Helper()
		merge(t, ann, since(t, bob, version(t, ann)))
		merge(t, bob, since(t, ann, version(t, bob)))
	}
	is := func(want string) {
		t.Helper()
		if got := ann.String(); got != want {
			t.Fatalf("it is %q, want %q", got, want)
		}
	}
	edit(ann, Insert(0, "hello world"))
	exchange()
	edit(ann, Delete(2, 7))       // "held"
	edit(bob, Insert(5, ","))     // in what was deleted
	edit(bob, Delete(6, 2))       // " w", which ann deleted too
	edit(bob, Op{{0, 0, "Oh, "}}) // before it
	exchange()
	is("Oh, he,ld")
	if !ann.CanUndo() || ann.CanRedo() {
		t.Error("there is an edit to undo, and none to redo")
	}
	again(t, ann.Undo)
	is("Oh, hello,orld")
	again(t, ann.Redo)
	is("Oh, he,ld")
	again(t, ann.Undo)
	exchange()
	is("Oh, hello,orld")
	edit(bob, Insert(7, "XX"))
	exchange()
	is("Oh, helXXlo,orld")
	again(t, ann.Undo) // of the first: only what is still there of her own
	is("Oh, XX,")
	exchange()
	if bob.String() != ann.String() {
		t.Errorf("the other has %q", bob.String())
	}
	again(t, ann.Redo)
	is("Oh, helXXlo,orld")
	if again(t, ann.Undo); len(again(t, ann.Undo)) > 0 || ann.CanUndo() {
		t.Error("there is nothing more to undo")
	}
}

// TestUndo_random undoes all of a replica's edits while another edits: nothing is
// left of the one, and all of the other.
func TestUndo_random(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 8))
		ann, bob, alone := New("ann"), New("bob"), New("bob alone")
		for range 5 + random.IntN(20) {
			scribble(t, random, ann)
			// Bob writes what nobody touches.
			if err := bob.Insert(bob.Len(), "B"); err != nil {
				t.Fatal(err)
			}
			if err := alone.Insert(alone.Len(), "B"); err != nil {
				t.Fatal(err)
			}
			if random.IntN(3) == 0 {
				merge(t, ann, since(t, bob, version(t, ann)))
			}
		}
		merge(t, ann, since(t, bob, version(t, ann)))
		texts := []string{ann.String()}
		for ann.CanUndo() {
			again(t, ann.Undo)
			texts = append(texts, ann.String())
		}
		if got := ann.String(); got != alone.String() {
			t.Fatalf("seed %d: it is %q, want %q", seed, got, alone.String())
		}
		slices.Reverse(texts)
		for ann.CanRedo() {
			again(t, ann.Redo)
		}
		if got := ann.String(); got != texts[len(texts)-1] {
			t.Fatalf("seed %d: all redone it is %q, want %q", seed, got, texts[len(texts)-1])
		}
	}
}
