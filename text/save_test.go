package text

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 12))
	texts := []string{"", "a", strings.Repeat("a", 1000), strings.Repeat("ab", 5000), "é漢😀", strings.Repeat("é漢😀", 500)}
	for n := range 30 { // skewed, so that codes would be long
		var b strings.Builder
		for i := range 20 {
			b.WriteString(strings.Repeat(string(rune('a'+i)), 1<<min(i, n)))
		}
		texts = append(texts, b.String())
	}
	all := make([]byte, 20000)
	for i := range all {
		all[i] = byte(random.IntN(256))
	}
	texts = append(texts, string(all))
	for _, text := range texts {
		r := &reader{data: appendPlain(nil, text)}
		if got := r.plain(); got != text || r.bad || len(r.data) > 0 {
			t.Errorf("%.40q of %d bytes became %.40q; %d are left", text, len(text), got, len(r.data))
		}
	}
}

func TestSave(t *testing.T) {
	for seed := range seeds(500, 50) {
		random := rand.New(rand.NewPCG(seed, 13))
		_, r := drawReplica(random)
		saved, err := r.Save()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Open("another", saved)
		if err != nil || back.String() != r.String() {
			t.Fatalf("seed %d: it is %q, %v, want %q", seed, back.String(), err, r.String())
		}
		if again, err := back.Save(); err != nil || !slices.Equal(again, saved) {
			t.Fatalf("seed %d: saved again it differs: %v", seed, err)
		}
		if got, want := version(t, back), version(t, r); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: its version is %v, want %v", seed, got, want)
		}
		if got, want := since(t, back, nil), since(t, r, nil); !slices.Equal(got, want) {
			t.Fatalf("seed %d: its updates differ", seed)
		}
		if got, want := blame(t, back), blame(t, r); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: its blame differs", seed)
		}
		for range 3 {
			scribble(t, random, back)
		}
		merge(t, r, since(t, back, version(t, r)))
		if r.String() != back.String() {
			t.Fatalf("seed %d: it is %q, want %q", seed, back.String(), r.String())
		}
		if saved, err = back.Save(); err != nil {
			t.Fatal(err)
		}
		if third, err := Open("third", saved); err != nil || !reflect.DeepEqual(version(t, third), version(t, r)) {
			t.Fatalf("seed %d: opened again: %v", seed, err)
		}
	}
}

// TestSave_monotonous saves what packs best.
func TestSave_monotonous(t *testing.T) {
	r := New("ann")
	for _, op := range []Op{Insert(0, strings.Repeat("a", 1000000)), Delete(0, 1000000), Insert(0, "b")} {
		if err := r.Edit(op); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := r.Save()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Open("bob", saved)
	if err != nil || back.String() != "b" {
		t.Fatalf("it is %q, %v", back.String(), err)
	}
	if got, want := version(t, back), version(t, r); !reflect.DeepEqual(got, want) {
		t.Errorf("its version is %v, want %v", got, want)
	}
}

// opened does all with what was saved, perhaps by somebody who means harm. It
// may be refused, and else it is a text like any other.
func opened(t *testing.T, saved []byte) {
	if body := len(saved) - 4; body > 0 {
		binary.LittleEndian.PutUint32(saved[body:], crc32.ChecksumIEEE(saved[:body]))
	}
	r, err := Open("opener", saved)
	if err != nil {
		if CodeOf(err) == "" {
			t.Fatal(err)
		}
		return
	}
	before := r.String()
	update, err := r.Since(nil)
	if err != nil {
		if CodeOf(err) == "" || r.String() != before {
			t.Fatal(err)
		}
		return
	}
	other := New("other")
	if _, err := other.Merge(update); err != nil || other.String() != before {
		t.Fatalf("another has %q, %v, want %q", other.String(), err, before)
	}
	again, err := r.Save()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Open("opener", again); err != nil || back.String() != before {
		t.Fatalf("saved again: %v", err)
	}
}

func TestOpen_damaged(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 14))
	_, r := drawReplica(random)
	saved, err := r.Save()
	if err != nil {
		t.Fatal(err)
	}
	for range 20000 {
		damaged := slices.Clone(saved)
		for range 1 + random.IntN(3) {
			damaged[random.IntN(len(damaged))] ^= byte(1 << random.IntN(8))
		}
		if random.IntN(3) == 0 {
			damaged = damaged[:random.IntN(len(damaged)+1)]
		}
		opened(t, damaged)
	}
	for _, bad := range []string{"", "txs\x01", "hello, this is no text", string(saved[:len(saved)-1])} {
		if _, err := Open("a", []byte(bad)); CodeOf(err) != BadUpdate {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestUnpack_forged tells what only somebody writes who means harm.
func TestUnpack_forged(t *testing.T) {
	tests := map[string]func(h *history){
		"nothing else":                       func(*history) {},
		"a run of operations over a branch":  func(h *history) { h.graph.runs[1].start = 5 },
		"a branch that is none":              func(h *history) { h.graph.runs[1].parents = []lv{5} },
		"a parent that another one follows":  func(h *history) { h.graph.runs[1].parents = []lv{3, 4} },
		"an event twice":                     func(h *history) { h.agents.runs[1].agent = 0 },
		"a seq that is too high":             func(h *history) { h.agents.runs[1].seq = maxEvents - 1 },
		"a run of operations without events": func(h *history) { h.ops[1].start = 0 },
	}
	for name, forge := range tests {
		h := &history{}
		h.graph.add(0, nil)
		h.agents.add(0, h.agents.named("a"), 0, 6)
		h.insert(0, "abcd", 4)
		h.remove(0, 2)
		h.graph.add(6, []lv{3})
		h.agents.add(6, h.agents.named("b"), 0, 2)
		h.insert(0, "xy", 2)
		forge(h)
		_, _, err := unpack(h.pack([]rune("ab")))
		if want := name != "nothing else"; (CodeOf(err) == BadUpdate) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for seed := range uint64(4) {
		_, r := drawReplica(rand.New(rand.NewPCG(seed, 15)))
		saved, err := r.Save()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(saved)
	}
	f.Fuzz(func(t *testing.T, saved []byte) { opened(t, slices.Clone(saved)) })
}

// replica makes a trace's replica.
func (x *trace) replica(t testing.TB) *Replica {
	r := New("me")
	if x.Kind == "concurrent" {
		r.history = *x.load()
		version, err := r.history.walk(nil, 0, 0, &nearby{}, r.text.edit)
		if err != nil {
			t.Fatal(err)
		}
		r.version = version
		return r
	}
	for _, txn := range x.Txns {
		for _, p := range txn.Patches {
			if err := r.Replace(p.at, p.n, p.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}

func TestSave_traces(t *testing.T) {
	for _, name := range []string{"automerge-paper", "sveltecomponent", "friendsforever"} {
		x := readTrace(t, name)
		r := x.replica(t)
		saved, err := r.Save()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Open("me", saved)
		if err != nil || back.String() != x.EndContent {
			t.Fatalf("%s: %v", name, err)
		}
		if fmt.Sprint(version(t, back)) != fmt.Sprint(version(t, r)) || !slices.Equal(since(t, back, nil), since(t, r, nil)) {
			t.Errorf("%s: the history differs", name)
		}
		plain := len(appendPlain(nil, x.EndContent))
		t.Logf("%s: %d bytes, of these the text %d; an update of all has %d", name, len(saved), plain, len(since(t, r, nil)))
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, name := range []string{"automerge-paper", "sveltecomponent", "friendsforever"} {
		r := readTrace(b, name).replica(b)
		saved, err := r.Save()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Open("me", saved); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/with_its_history", func(b *testing.B) {
			for b.Loop() {
				r, err := Open("me", saved)
				if err != nil || r.load() != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/save", func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Save(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
