package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tuttisync/tutti/internal/naive"
)

// txn is a transaction of a history as the vectors have it.
type txn struct {
	Span     [2]lv      `json:"span"`
	Parents  []lv       `json:"parents"`
	Agent    string     `json:"agent"`
	SeqStart int        `json:"seqStart"`
	Ops      []vectorOp `json:"ops"`
}

type vectorOp struct {
	at, n int
	text  string
}

func (o *vectorOp) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&o.at, &o.n, &o.text})
}

// addTo adds a transaction to a history, whose agent must know all that is
// before in the text.
func (x *txn) addTo(h *history) {
	h.graph.add(h.end, x.Parents)
	h.agents.add(h.end, h.agents.named(x.Agent), x.SeqStart, x.Span[1]-x.Span[0])
	for _, o := range x.Ops {
		if o.n > 0 {
			h.remove(o.at, o.n)
		}
		if o.text != "" {
			h.insert(o.at, o.text, utf8.RuneCountInString(o.text))
		}
	}
}

func (x *txn) addToNaive(n *naive.Text) {
	op := make([]naive.Splice, len(x.Ops))
	for i, o := range x.Ops {
		op[i] = naive.Splice{At: o.at, Delete: o.n, Insert: o.text}
	}
	n.Edit(x.Agent, x.SeqStart, x.Parents, op)
}

// replica is a text with its history, for tests.
type document struct {
	history history
	text    *rope
	version []lv
	near    nearby
}

func newDocument() *document { return &document{text: newRope("")} }

func (d *document) fold(start lv) {
	version, err := d.history.walk(d.version, start, d.text.size.runes, &d.near, func(e edit) {
		if e.n > 0 {
			d.text.remove(e.at, e.n)
		} else {
			d.text.insert(e.at, e.text, sizeOf(e.text))
		}
	})
	if err != nil {
		panic(err)
	}
	d.version = version
}

// vectors reads the shared vectors, if they are there.
func vectors(t *testing.T) (histories []struct {
	Txns       []txn  `json:"txns"`
	EndContent string `json:"endContent"`
},
) {
	data, err := os.ReadFile("../../shared/vectors/text-histories-100.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared vectors are not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &histories); err != nil {
		t.Fatal(err)
	}
	return histories
}

func TestWalk_vectors(t *testing.T) {
	for i, v := range vectors(t) {
		n, whole, steps := &naive.Text{}, newDocument(), newDocument()
		for _, x := range v.Txns {
			x.addToNaive(n)
			x.addTo(&whole.history)
			start := steps.history.end
			x.addTo(&steps.history)
			steps.fold(start)
		}
		whole.fold(0)
		if got := n.String(); got != v.EndContent {
			t.Errorf("history %d: the naive text is %q, want %q", i, got, v.EndContent)
		}
		if got := whole.text.String(); got != v.EndContent {
			t.Errorf("history %d: the text is %q, want %q", i, got, v.EndContent)
		}
		if got := steps.text.String(); got != v.EndContent {
			t.Errorf("history %d: step by step the text is %q, want %q", i, got, v.EndContent)
		}
	}
}

// drawHistory makes a history of some agents that type, delete, and now and then
// read each other. fn is told each transaction. TypeScript draws the same.
func drawHistory(random interface{ IntN(n int) int }, steps int, fn func(x txn)) {
	const agents = 4
	var (
		n        = &naive.Text{}
		known    [agents][]lv // versions
		graph    graph
		seqs     [agents]int
		alphabet = []rune("abcdé漢😀")
	)
	for range steps {
		a := random.IntN(agents)
		if random.IntN(3) == 0 {
			known[a] = graph.dominators(append(slices.Clone(known[a]), known[random.IntN(agents)]...))
			continue
		}
		length := utf8.RuneCountInString(n.At(known[a]))
		x := txn{Parents: known[a], Agent: fmt.Sprint("agent", a), SeqStart: seqs[a]}
		x.Span = [2]lv{len(n.Events), len(n.Events)}
		for range 1 + random.IntN(2) {
			at := []int{0, length, random.IntN(length + 1), length / 2}[random.IntN(4)]
			var o vectorOp
			switch kind := random.IntN(8); {
			case kind < 3 && at < length:
				o = vectorOp{at: at, n: 1 + random.IntN(min(4, length-at))}
			case kind == 3 && at > 1: // backspace
				k := 1 + random.IntN(min(3, at))
				for range k {
					at--
					x.Ops = append(x.Ops, vectorOp{at: at, n: 1})
				}
				length -= k
				x.Span[1] += k
				continue
			default:
				var b strings.Builder
				for range 1 + random.IntN(4) {
					b.WriteRune(alphabet[random.IntN(len(alphabet))])
				}
				o = vectorOp{at: at, text: b.String()}
			}
			x.Ops = append(x.Ops, o)
			w := o.n + utf8.RuneCountInString(o.text)
			x.Span[1] += w
			length += utf8.RuneCountInString(o.text) - o.n
		}
		graph.add(x.Span[0], x.Parents)
		x.addToNaive(n)
		known[a] = []lv{x.Span[1] - 1}
		seqs[a] += x.Span[1] - x.Span[0]
		fn(x)
	}
}

// TestWalk compares the engine with the naive one on random histories, all at
// once, step by step, and in parts.
func TestWalk(t *testing.T) {
	for seed := range seeds(2000, 200) {
		random := rand.New(rand.NewPCG(seed, 2))
		n, whole, steps, parts := &naive.Text{}, newDocument(), newDocument(), newDocument()
		folded := 0
		drawHistory(random, 5+random.IntN(40), func(x txn) {
			x.addToNaive(n)
			x.addTo(&whole.history)
			start := steps.history.end
			x.addTo(&steps.history)
			steps.fold(start)
			x.addTo(&parts.history)
			if random.IntN(5) == 0 {
				parts.fold(folded)
				folded = parts.history.end
			}
			if got, want := steps.text.String(), n.String(); got != want {
				t.Fatalf("seed %d: step by step the text is %q, want %q", seed, got, want)
			}
		})
		whole.fold(0)
		parts.fold(folded)
		for name, d := range map[string]*document{"whole": whole, "in parts": parts} {
			if got, want := d.text.String(), n.String(); got != want {
				t.Fatalf("seed %d: %s the text is %q, want %q", seed, name, got, want)
			}
		}
	}
}

func TestWalk_TEXT11_a_text_that_would_be_too_long(t *testing.T) {
	h := &history{before: MaxLength}
	h.graph.add(0, nil)
	h.splices(Insert(0, "x"))
	h.agents.add(0, h.agents.named("ann"), 0, 1)
	if _, err := h.walk(nil, 0, MaxLength, &nearby{}, func(edit) {}); CodeOf(err) != LimitExceeded {
		t.Error(err)
	}
}
