package text

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tuttisync/tutti/internal/naive"
)

const drawnFile = "../conformance/text/drawn.json"

// drawing is a history in the making.
type drawing struct {
	mulberry
	naive naive.Text
	graph graph
	seqs  map[string]int
	txns  []txn
}

// edit adds what an agent does who has seen some events and what these follow,
// and returns the last event of it.
func (d *drawing) edit(agent string, seen []lv, ops ...vectorOp) lv {
	start := len(d.naive.Events)
	x := txn{Parents: d.graph.dominators(slices.Clone(seen)), Agent: agent, SeqStart: d.seqs[agent], Ops: ops}
	if x.Parents == nil {
		x.Parents = []lv{}
	}
	x.addToNaive(&d.naive)
	end := len(d.naive.Events)
	x.Span = [2]lv{start, end}
	d.graph.add(start, x.Parents)
	d.seqs[agent] += end - start
	d.txns = append(d.txns, x)
	return end - 1
}

func (d *drawing) length(seen []lv) int { return utf8.RuneCountInString(d.naive.At(seen)) }

// word is a few code points of all lengths, the combining acute accent among
// them.
func (d *drawing) word() string {
	alphabet := []rune("abcdefgé漢😀𝄞\u0301")
	var b strings.Builder
	for range 1 + d.IntN(3) {
		b.WriteRune(alphabet[d.IntN(len(alphabet))])
	}
	return b.String()
}

// typing are edits of a text of so many code points, made by somebody who mostly
// stays near the last one.
func (d *drawing) typing(n, length int) (ops []vectorOp) {
	at := d.IntN(length + 1)
	for range n {
		if d.IntN(8) == 0 {
			at = d.IntN(length + 1)
		}
		switch kind := d.IntN(8); {
		case kind == 0 && at < length:
			o := vectorOp{at: at, n: 1 + d.IntN(min(3, length-at))}
			ops, length = append(ops, o), length-o.n
		case kind < 3 && at > 0:
			at--
			ops, length = append(ops, vectorOp{at: at, n: 1}), length-1
		default:
			o := vectorOp{at: at, text: d.word()}
			n := utf8.RuneCountInString(o.text)
			ops, at, length = append(ops, o), at+n, length+n
		}
	}
	return ops
}

// The kinds of histories that are drawn.
var kinds = []struct {
	name string
	draw func(d *drawing)
}{
	{"two long branches", func(d *drawing) { d.branches(2, 300) }},
	{"three long branches", func(d *drawing) { d.branches(3, 150) }},
	{"criss-cross merges", (*drawing).crissCross},
	{"two type backwards", func(d *drawing) { d.backwards(2) }},
	{"four type backwards", func(d *drawing) { d.backwards(4) }},
	{"a branch for each of 200 events", (*drawing).brush},
	{"insertions within insertions", (*drawing).nest},
	{"deletions upon deletions", (*drawing).storm},
	{"backspacing", (*drawing).backspace},
	{"twelve roots", (*drawing).roots},
	{"branches that others go on with", (*drawing).relay},
}

// branches are edits of some agents who see nothing of each other until in the
// end one of them merges all.
func (d *drawing) branches(agents, edits int) {
	root := d.edit("root", nil, vectorOp{text: strings.Repeat("lorem ipsum ", 5)})
	length := d.length([]lv{root})
	var ends []lv
	for a := range agents {
		ends = append(ends, d.edit(fmt.Sprint("agent", a), []lv{root}, d.typing(edits, length)...))
	}
	d.edit("agent0", ends, d.typing(10, d.length(ends))...)
}

// crissCross lets three agents edit in rounds, each of which has seen one other's
// round before.
func (d *drawing) crissCross() {
	heads := [3]lv{}
	for a := range heads {
		heads[a] = d.edit(fmt.Sprint("agent", a), nil, d.typing(3, 0)...)
	}
	for range 40 {
		before := heads
		for a := range heads {
			seen := []lv{before[a], before[(a+1+d.IntN(2))%3]}
			heads[a] = d.edit(fmt.Sprint("agent", a), seen, d.typing(1+d.IntN(2), d.length(seen))...)
		}
	}
}

// backwards lets some agents type at one place, each letter in front of the last,
// each agent in an alphabet of its own.
func (d *drawing) backwards(agents int) {
	root := d.edit("root", nil, vectorOp{text: "()"})
	for a := range agents {
		var ops []vectorOp
		for i := range 80 {
			ops = append(ops, vectorOp{at: 1, text: string([]rune("αaаA")[a] + rune(23-i%24))})
		}
		d.edit(fmt.Sprint("agent", a), []lv{root}, ops...)
	}
}

// brush is one event of each of 200 agents, some of which have a name that
// begins another's.
func (d *drawing) brush() {
	root := d.edit("root", nil, vectorOp{text: "0123456789"})
	for i := range 200 {
		o := vectorOp{at: d.IntN(10), n: 1}
		if d.IntN(4) > 0 {
			o = vectorOp{at: d.IntN(11), text: string(rune('a' + i%26))}
		}
		d.edit(fmt.Sprint((i*37)%200), []lv{root}, o)
	}
}

// nest puts brackets within brackets, at each depth by two at once, and goes on
// within one of these.
func (d *drawing) nest() {
	last, at := d.edit("root", nil, vectorOp{text: "()"}), 1
	for depth := range 40 {
		pair := []string{"[]", "{}", "«»", "😀𝄞"}[depth%4]
		one := d.edit(fmt.Sprint("agent", d.IntN(3)), []lv{last}, vectorOp{at: at, text: pair})
		two := d.edit(fmt.Sprint("agent", 3+d.IntN(3)), []lv{last}, vectorOp{at: at, text: pair})
		last, at = []lv{one, two}[d.IntN(2)], at+1
	}
}

// storm lets eight agents delete from one text what overlaps, is nested and is
// the same, and insert at the ends of that.
func (d *drawing) storm() {
	seen := []lv{d.edit("root", nil, vectorOp{text: strings.Repeat("0123456789", 6)})}
	for range 3 {
		length := d.length(seen)
		cuts := []int{d.IntN(length), d.IntN(length), d.IntN(length)}
		var ends []lv
		for a := range 8 {
			at := cuts[d.IntN(3)]
			n := 1 + d.IntN(min(12, length-at))
			ops := []vectorOp{{at: at, n: n}}
			switch d.IntN(3) {
			case 0:
				ops = append(ops, vectorOp{at: at, text: d.word()})
			case 1:
				ops = []vectorOp{{at: at + n, text: d.word()}, {at: at, text: d.word()}}
			}
			ends = append(ends, d.edit(fmt.Sprint("agent", a), seen, ops...))
		}
		seen = ends
	}
}

// backspace lets three agents backspace and type again, over and over.
func (d *drawing) backspace() {
	root := d.edit("root", nil, vectorOp{text: strings.Repeat("abcdé漢😀\u0301", 6)})
	for a := range 3 {
		at, length := 48, 48
		var ops []vectorOp
		for range 12 {
			for range min(at, 1+d.IntN(8)) {
				at--
				length--
				ops = append(ops, vectorOp{at: at, n: 1})
			}
			for range d.IntN(5) {
				ops = append(ops, vectorOp{at: at, text: string(rune('A' + d.IntN(26)))})
				at++
				length++
			}
			at = min(length, at+d.IntN(3))
		}
		d.edit(fmt.Sprint("agent", a), []lv{root}, ops...)
	}
}

// roots are texts that began with nothing, merged by two, and those by two, while
// each goes on.
func (d *drawing) roots() {
	var heads []lv
	for i := range 12 {
		heads = append(heads, d.edit(fmt.Sprint("agent", (i*5)%12), nil, d.typing(4, 0)...))
	}
	for len(heads) > 1 {
		var merged []lv
		for i := 0; i < len(heads); i += 2 {
			seen := heads[i:min(i+2, len(heads))]
			merged = append(merged, d.edit(fmt.Sprint("agent", i), seen, d.typing(4, d.length(seen))...))
		}
		heads = merged
	}
}

// relay lets agents go on with anybody's branches, from within them, without
// what they themselves have made.
func (d *drawing) relay() {
	d.edit("root", nil, d.typing(4, 0)...)
	for range 80 {
		seen := []lv{d.IntN(len(d.naive.Events))}
		if d.IntN(3) == 0 {
			seen = append(seen, d.IntN(len(d.naive.Events)))
		}
		d.edit(fmt.Sprint("agent", d.IntN(4)), seen, d.typing(1+d.IntN(3), d.length(seen))...)
	}
}

// writeDrawn writes a history of each kind, one transaction on a line.
func writeDrawn(t *testing.T) {
	line := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var histories []string
	for seed, kind := range kinds {
		d := drawing{mulberry: mulberry(seed), seqs: make(map[string]int)}
		kind.draw(&d)
		var txns []string
		for _, x := range d.txns {
			txns = append(txns, line(x))
		}
		histories = append(histories, fmt.Sprintf("{\"name\": %s, \"txns\": [\n%s\n], \"endContent\": %s}",
			line(kind.name), strings.Join(txns, ",\n"), line(d.naive.String())))
	}
	out := "[\n" + strings.Join(histories, ",\n") + "\n]\n"
	if err := os.WriteFile(drawnFile, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
}
