package text

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/tuttisync/tutti/internal/naive"
)

// vector is a history, and the text that every engine comes to.
type vector struct {
	Name       string `json:"name"`
	Why        string `json:"why,omitempty"`
	Txns       []txn  `json:"txns"`
	EndContent string `json:"endContent"`
}

// MarshalJSON returns [at, delete, insert].
func (o vectorOp) MarshalJSON() ([]byte, error) { return json.Marshal([]any{o.at, o.n, o.text}) }

func readVectors(t *testing.T, file string) (vectors []vector) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

// TestVectors folds every history as it is written and in another order, with
// the naive engine and with the fast one, which takes it whole and step by step.
// A replica tells it to another, and is saved and opened.
func TestVectors(t *testing.T) {
	if *update {
		writeDrawn(t)
	}
	for _, file := range []string{"../conformance/text/vectors.json", drawnFile} {
		for i, v := range readVectors(t, file) {
			t.Run(v.Name, func(t *testing.T) {
				v.check(t)
				other := reordered(v.Txns, mulberry(i))
				if slow, whole, steps := foldTxns(v.Txns); slow != v.EndContent || whole != v.EndContent || steps != v.EndContent {
					t.Errorf("the text is, naive %q, whole %q, step by step %q; want %q", slow, whole, steps, v.EndContent)
				}
				if slow, whole, steps := foldTxns(other); slow != v.EndContent || whole != v.EndContent || steps != v.EndContent {
					t.Errorf("in another order the text is, naive %q, whole %q, step by step %q; want %q", slow, whole, steps, v.EndContent)
				}
				if slices.ContainsFunc(v.Txns, func(x txn) bool { return x.Agent == "" }) {
					return // only a log has events of nobody
				}
				tell(t, v.Txns, v.EndContent)
				tell(t, other, v.EndContent)
			})
		}
	}
}

// check finds what a history has got wrong in its numbers.
func (v *vector) check(t *testing.T) {
	end := 0
	seqs := make(map[string]bool)
	for i, x := range v.Txns {
		n := 0
		for _, o := range x.Ops {
			n += o.n + utf8.RuneCountInString(o.text)
		}
		if x.Span != [2]lv{end, end + n} || n == 0 {
			t.Fatalf("transaction %d has the span %v and %d events, and %d are before it", i, x.Span, n, end)
		}
		for _, p := range x.Parents {
			if p < 0 || p >= end {
				t.Fatalf("transaction %d follows %d", i, p)
			}
		}
		for seq := x.SeqStart; seq < x.SeqStart+n; seq++ {
			id := fmt.Sprint(seq, x.Agent)
			if seqs[id] {
				t.Fatalf("transaction %d: %q has made %d before", i, x.Agent, seq)
			}
			seqs[id] = true
		}
		end += n
	}
}

// foldTxns is what a history comes to.
func foldTxns(txns []txn) (byNaive, byWhole, bySteps string) {
	n, whole, steps := &naive.Text{}, newDocument(), newDocument()
	for _, x := range txns {
		x.addToNaive(n)
		x.addTo(&whole.history)
		start := steps.history.end
		x.addTo(&steps.history)
		steps.fold(start)
	}
	whole.fold(0)
	return n.String(), whole.text.String(), steps.text.String()
}

// tell lets a replica tell a history to another, and saves and opens it.
func tell(t *testing.T, txns []txn, want string) {
	r := New("a reader")
	for _, x := range txns {
		x.addTo(&r.history)
	}
	var err error
	if r.version, err = r.history.walk(nil, 0, 0, &r.near, r.text.edit); err != nil {
		t.Fatal(err)
	}
	other := New("another reader")
	merge(t, other, since(t, r, nil))
	if other.String() != want || len(other.held) > 0 {
		t.Errorf("told, it is %q, and %d updates are held; want %q", other.String(), len(other.held), want)
	}
	saved, err := other.Save()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Open("a third", saved); err != nil || back.String() != want {
		t.Errorf("saved and opened it is %v, want %q", err, want)
	}
}

// eachEvent is a history in transactions of one event.
func eachEvent(txns []txn) (events []txn) {
	for _, x := range txns {
		parents, seq := x.Parents, x.SeqStart
		add := func(o vectorOp) {
			v := len(events)
			events = append(events, txn{[2]lv{v, v + 1}, parents, x.Agent, seq, []vectorOp{o}})
			parents = []lv{v}
			seq++
		}
		for _, o := range x.Ops {
			for range o.n {
				add(vectorOp{at: o.at, n: 1})
			}
			at := o.at
			for _, c := range o.text {
				add(vectorOp{at: at, text: string(c)})
				at++
			}
		}
	}
	return events
}

// reordered is a history event by event, in another order in which each follows
// its parents: mostly along a branch, and now and then on another.
func reordered(txns []txn, random mulberry) []txn {
	events := eachEvent(txns)
	missing := make([]int, len(events)) // parents that are not there yet
	children := make([][]lv, len(events))
	var ready []lv
	for v, x := range events {
		missing[v] = len(x.Parents)
		for _, p := range x.Parents {
			children[p] = append(children[p], v)
		}
		if missing[v] == 0 {
			ready = append(ready, v)
		}
	}
	result := make([]txn, 0, len(events))
	now := make([]lv, len(events)) // the number that each has in the result
	for len(ready) > 0 {
		i := len(ready) - 1
		if random.IntN(8) == 0 {
			i = random.IntN(len(ready))
		}
		v := ready[i]
		ready = slices.Delete(ready, i, i+1)
		x := events[v]
		now[v] = len(result)
		x.Span = [2]lv{len(result), len(result) + 1}
		parents := make([]lv, 0, len(x.Parents))
		for _, p := range x.Parents {
			parents = append(parents, now[p])
		}
		slices.Sort(parents)
		x.Parents = parents
		result = append(result, x)
		for _, c := range children[v] {
			if missing[c]--; missing[c] == 0 {
				ready = append(ready, c)
			}
		}
	}
	return result
}
