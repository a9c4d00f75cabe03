package text

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// trace is a recorded editing history.
type trace struct {
	Kind         string     `json:"kind"`
	StartContent string     `json:"startContent"`
	EndContent   string     `json:"endContent"`
	NumAgents    int        `json:"numAgents"`
	Txns         []traceTxn `json:"txns"`
}

type traceTxn struct {
	Parents []int      `json:"parents"`
	Agent   int        `json:"agent"`
	Patches []vectorOp `json:"patches"`
}

// readTrace reads a shared trace, if it is there.
func readTrace(t testing.TB, name string) *trace {
	f, err := os.Open(filepath.Join("../../shared/traces", name+".json.gz"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared traces are not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var x trace
	if err := json.NewDecoder(z).Decode(&x); err != nil {
		t.Fatal(err)
	}
	return &x
}

// type makes the trace's text, by local changes.
func (x *trace) apply() *document {
	d := newDocument()
	h := &d.history
	h.graph.add(0, nil)
	me := h.agents.named("me")
	for _, txn := range x.Txns {
		for _, p := range txn.Patches {
			if p.n > 0 {
				h.remove(p.at, p.n)
				d.text.remove(p.at, p.n)
				h.agents.add(h.end-p.n, me, h.end-p.n, p.n)
			}
			if p.text != "" {
				n := sizeOf(p.text)
				h.insert(p.at, p.text, n.runes)
				d.text.insert(p.at, p.text, n)
				h.agents.add(h.end-n.runes, me, h.end-n.runes, n.runes)
			}
		}
	}
	return d
}

// load makes the history of a concurrent trace.
func (x *trace) load() *history {
	h := &history{}
	last := make([]lv, len(x.Txns))
	seqs := make([]int, x.NumAgents)
	for i, t := range x.Txns {
		var parents []lv
		for _, p := range t.Parents {
			parents = append(parents, last[p])
		}
		slices.Sort(parents)
		start := h.end
		h.graph.add(start, parents)
		for _, p := range t.Patches {
			if p.n > 0 {
				h.remove(p.at, p.n)
			}
			if p.text != "" {
				h.insert(p.at, p.text, utf8.RuneCountInString(p.text))
			}
		}
		n := h.end - start
		h.agents.add(start, h.agents.named("agent "+strings.Repeat("i", t.Agent+1)), seqs[t.Agent], n)
		seqs[t.Agent] += n
		last[i] = h.end - 1
	}
	return h
}

var sequential = []string{"automerge-paper", "sveltecomponent"}

func TestTrace_sequential(t *testing.T) {
	for _, name := range sequential {
		x := readTrace(t, name)
		d := x.apply()
		if d.text.String() != x.EndContent {
			t.Errorf("%s: the text differs", name)
		}
		t.Logf("%s: %d events, %d runs of ops, %d bytes inserted, %d bytes of text", name, d.history.end, len(d.history.ops), len(d.history.content), d.text.size.bytes)
	}
}

func TestTrace_concurrent(t *testing.T) {
	x := readTrace(t, "friendsforever")
	d := newDocument()
	d.history = *x.load()
	d.fold(0)
	if d.text.String() != x.EndContent {
		t.Error("the text differs")
	}
	t.Logf("%d events, %d runs of ops, %d runs of the graph", d.history.end, len(d.history.ops), len(d.history.graph.runs))
}

func BenchmarkApply(b *testing.B) {
	for _, name := range sequential {
		x := readTrace(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				x.apply()
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	b.Run("friendsforever", func(b *testing.B) {
		h := readTrace(b, "friendsforever").load()
		for b.Loop() {
			d := newDocument()
			d.history = *h
			d.fold(0)
		}
	})
	b.Run("two branches of 4000", func(b *testing.B) {
		h := twoBranches(4000)
		for b.Loop() {
			d := newDocument()
			d.history = *h
			d.fold(0)
		}
	})
	b.Run("two branches of 40000", func(b *testing.B) {
		h := twoBranches(40000)
		for b.Loop() {
			d := newDocument()
			d.history = *h
			d.fold(0)
		}
	})
}

// twoBranches is a history of two branches of n edits each, at random places.
func twoBranches(n int) *history {
	h := &history{}
	random := rand.New(rand.NewPCG(1, 1))
	h.graph.add(0, nil)
	h.agents.add(0, h.agents.named("base"), 0, 1000)
	h.insert(0, strings.Repeat("x", 1000), 1000)
	for _, name := range []string{"one", "two"} {
		start, length := h.end, 1000
		h.graph.add(start, []lv{999})
		for range n {
			if at := random.IntN(length); random.IntN(3) > 0 {
				h.insert(at, "y", 1)
				length++
			} else {
				h.remove(at, 1)
				length--
			}
		}
		h.agents.add(start, h.agents.named(name), 0, h.end-start)
	}
	return h
}
