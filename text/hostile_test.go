package text

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tuttisync/tutti/internal/naive"
)

// tangled is a history whose walk would move a run of letters, which another has
// cut into pieces, back and forth so many times: each of eve's events follows it and
// one of bob's, none of which do.
func tangled(letters, times int) *history {
	h := &history{}
	add := func(agent string, parents []lv, op Op) lv {
		start, number := h.end, h.agents.named(agent)
		h.graph.add(start, parents)
		h.splices(op)
		h.agents.add(start, number, h.agents.next(number), h.end-start)
		return h.end - 1
	}
	whole := add("ann", nil, Insert(0, strings.Repeat("x", letters)))
	cuts := Op(nil)
	for i := 1; i < letters; i++ {
		cuts = append(cuts, Insert(2*i-1, "-")...)
	}
	add("cyd", []lv{whole}, cuts)
	for range times {
		root := add("bob", nil, Insert(0, "y"))
		add("eve", []lv{whole, root}, Insert(0, "z"))
	}
	return h
}

// savedAs is what would be saved of a history, if its text were this.
func (h *history) savedAs(text string) []byte {
	b := append(appendPlain([]byte(saveMagic), text), h.pack(nil)...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// bounded fails if something takes more memory than this, in MiB.
func bounded(t *testing.T, most uint64, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > most {
		t.Errorf("it took %d MiB in all, want at most %d", took, most)
	}
}

func TestHostile_TEXT11_update_that_moves_too_much_is_refused(t *testing.T) {
	h := tangled(2000, 4000)
	update := h.appendUpdate(nil, []span{{0, h.end}})
	for name, r := range map[string]*Replica{"an empty replica": New("dan"), "one with a text": New("dan")} {
		if name != "an empty replica" {
			if err := r.Insert(0, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		before := r.String()
		bounded(t, 32, func() {
			if _, err := r.Merge(update); CodeOf(err) != LimitExceeded {
				t.Errorf("%s: the error is %v, want limit_exceeded", name, err)
			}
		})
		if r.String() != before || r.history.end != len(before) {
			t.Errorf("%s has changed", name)
		}
	}
	small := tangled(200, 40)
	if _, err := New("dan").Merge(small.appendUpdate(nil, []span{{0, small.end}})); err != nil {
		t.Errorf("a small one is refused: %v", err)
	}
}

func TestHostile_TEXT11_saved_history_that_moves_too_much_is_refused(t *testing.T) {
	for _, tangle := range []struct {
		letters, times int
		want           Code
	}{{2000, 4000, LimitExceeded}, {200, 40, ""}} {
		h := tangled(tangle.letters, tangle.times)
		saved := h.savedAs(strings.Repeat("x", h.end))
		r, err := Open("dan", saved)
		if err != nil {
			t.Fatal(err)
		}
		bounded(t, 32, func() {
			if err := r.Insert(0, "!"); CodeOf(err) != tangle.want {
				t.Errorf("the error is %v, want %q", err, tangle.want)
			}
		})
	}
}

func TestReplica_events_of_an_agent_that_come_in_descending_order(t *testing.T) {
	const n = 100_000
	changes := make([]Change, n)
	for i := range changes {
		changes[i] = Change{Agent: "bob", Seq: 2 * (n - i), Op: Insert(0, "x")}
		if i > 0 {
			changes[i].Parents = []Event{{"bob", changes[i-1].Seq}}
		}
	}
	r := New("ann")
	if _, err := r.MergeChanges(changes); err != nil {
		t.Fatal(err)
	}
	if r.Len() != n || len(version(t, r)["bob"]) != n {
		t.Errorf("it has %d letters in %d ranges", r.Len(), len(version(t, r)["bob"]))
	}
	if rest := since(t, r, version(t, r)); rest != nil {
		t.Errorf("it lacks %d bytes of itself", len(rest))
	}
}

func TestReplica_many_that_insert_at_one_place(t *testing.T) {
	const n = 32_000
	changes := make([]Change, n)
	names := make([]string, n)
	for i := range changes {
		names[i] = fmt.Sprintf("%05d", i*7919%n)
		changes[i] = Change{Agent: names[i], Op: Insert(0, names[i])}
	}
	slices.Sort(names)
	r := New("ann")
	if _, err := r.MergeChanges(changes); err != nil {
		t.Fatal(err)
	}
	if r.String() != strings.Join(names, "") {
		t.Error("they do not stand by their names")
	}
	if most := 64 * n; r.history.graph.steps > most {
		t.Errorf("it took %d steps, want at most %d", r.history.graph.steps, most)
	}
}

// Many insert at a few places, so that those that stand there already are passed
// from the last that is noted.
func TestWalk_TEXT3_many_at_a_few_places(t *testing.T) {
	for seed := range seeds(60, 10) {
		random := rand.New(rand.NewPCG(seed, 29))
		n, d := &naive.Text{}, newDocument()
		add := func(x txn) lv {
			x.Span = [2]lv{d.history.end, d.history.end + len(x.Ops)}
			x.addToNaive(n)
			x.addTo(&d.history)
			return x.Span[1] - 1
		}
		base := add(txn{Agent: "base", Ops: []vectorOp{{text: "a"}, {at: 1, text: "b"}}})
		ends := []lv{base}
		for i := range 120 {
			x := txn{Agent: fmt.Sprint(random.IntN(1000), "-", i), Parents: []lv{base}}
			if random.IntN(3) == 0 {
				x.Parents = []lv{ends[random.IntN(len(ends))]}
			}
			for k := range 1 + random.IntN(3) {
				x.Ops = append(x.Ops, vectorOp{at: 1 + random.IntN(2)*k, text: string(rune('c' + i%20))})
			}
			ends = append(ends, add(x))
		}
		d.fold(0)
		if d.text.String() != n.String() {
			t.Fatalf("seed %d: the text is %q, want %q", seed, d.text, n)
		}
	}
}
