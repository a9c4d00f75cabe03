package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	texts "github.com/tuttisync/tutti/text/document"
)

// edit applies an operation to the text "d" as somebody, and returns its offset.
func (n *node) edit(who auth.Identity, base *uint64, op string) uint64 {
	n.t.Helper()
	at, err := n.Edit(context.Background(), Operation{Identity: who, Topic: "d", Base: base, Op: []byte(op)})
	must(n.t, err)
	return at.Offset
}

// reads fails unless the text "d" is that.
func (n *node) reads(want string) {
	n.t.Helper()
	v, err := n.Document(context.Background(), Glance{Trusted: true, Topic: "d"})
	must(n.t, err)
	var got string
	must(n.t, json.Unmarshal(v.Value, &got))
	if got != want {
		n.t.Fatalf("the text is %.200q, want %.200q", got, want)
	}
}

func offsetOf(n uint64) *uint64 { return &n }

// named is somebody who may do everything.
func named(sub string) auth.Identity { return auth.Identity{Sub: sub, Grants: auth.FullRights()} }

// What is no operation on the text, or too much, is refused; and a hook may not put
// another in the place of one.
func TestText_TEXT_13(t *testing.T) {
	n := newNode(t, documentsOf("text"), func(c *Config) {
		c.Session.Limits.DocumentBytes = 10
		c.Hooks.Publish = func(_ context.Context, who auth.Identity, m *Message) error {
			if who.Sub == "meddler" {
				m.Data = []byte(`[]`)
			}
			return nil
		}
	})
	n.edit(everyone, nil, `[[0,0,"12345678"]]`)
	for op, want := range map[string]protocol.Code{
		`[[9,0,""]]`: protocol.BadOperation, `{"op":"add"}`: protocol.BadOperation, `[[0,0,"éé"]]`: protocol.LimitExceeded,
		"[" + strings.Repeat("[0,0,\"\"],", texts.MaxSplices) + `[0,0,""]]`: protocol.TooLarge, // by the data's own limit
	} {
		_, err := n.Edit(t.Context(), Operation{Identity: everyone, Topic: "d", Op: []byte(op)})
		if codeOf(err) != want {
			t.Errorf("%.40s: %v, want %s", op, err, want)
		}
	}
	if _, err := n.Edit(t.Context(), Operation{Identity: named("meddler"), Topic: "d", Op: []byte(`[[0,8,""]]`)}); codeOf(err) != protocol.HookFailed {
		t.Errorf("a hook that replaces: %v", err)
	}
	n.reads("12345678")
	n.edit(everyone, nil, `[[0,1,"é"]]`)
	n.reads("é2345678")
}

func TestReplace_TEXT_15(t *testing.T) {
	replace := func(n *node, base *uint64, text string) error {
		_, err := n.Replace(t.Context(), Replacement{Trusted: true, Topic: "d", Base: base, Text: text})
		return err
	}

	t.Run("becomes what was asked for", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		for _, text := range []string{"a", "", "naïve 😀 words", "naïve 🙂 word", strings.Repeat("line\n", 5000), "short"} {
			must(t, replace(n, nil, text))
			n.reads(text)
		}
	})
	t.Run("what its author had not seen stays", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		base := n.edit(everyone, nil, `[[0,0,"hello world"]]`)
		n.edit(everyone, nil, `[[11,0,"!"]]`)
		n.edit(everyone, nil, `[[0,1,"H"]]`)
		must(t, replace(n, &base, "hello brave world"))
		n.reads("Hello brave world!")
	})
	t.Run("below the bar", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		base := n.edit(everyone, nil, `[[0,0,"abc"]]`)
		const more = 600
		for i := range more {
			n.edit(everyone, nil, fmt.Sprintf(`[[%d,0,"x"]]`, 3+i))
		}
		_, err := n.Edit(t.Context(), Operation{Trusted: true, Topic: "d", Base: &base, Op: []byte(`[[1,1,"B"]]`)})
		if codeOf(err) != protocol.RebaseRequired {
			t.Fatalf("there is no bar: %v", err)
		}
		must(t, replace(n, &base, "aB.c"))
		n.reads("aB.c" + strings.Repeat("x", more))
	})
	t.Run("several at once", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		base := n.edit(everyone, nil, `[[0,0,"1\n2\n3\n4\n5\n6\n7\n8\n9\n"]]`)
		var all sync.WaitGroup
		for i := 1; i <= 9; i++ {
			old := fmt.Sprintf("%d\n", i)
			all.Go(func() {
				if err := replace(n, &base, strings.Replace("1\n2\n3\n4\n5\n6\n7\n8\n9\n", old, old[:1]+" was here\n", 1)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var want strings.Builder
		for i := 1; i <= 9; i++ {
			fmt.Fprintf(&want, "%d was here\n", i)
		}
		n.reads(want.String())
	})
	t.Run("refused", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		n.edit(everyone, nil, `[[0,0,"ab"]]`)
		if err := replace(n, offsetOf(2), "c"); codeOf(err) != protocol.RebaseRequired {
			t.Errorf("above the newest entry: %v", err)
		}
		if err := replace(n, nil, "a\xff"); codeOf(err) != protocol.BadOperation {
			t.Errorf("no UTF-8: %v", err)
		}
		if err := replace(n, nil, strings.Repeat("a", 100<<10)); codeOf(err) != protocol.TooLarge {
			t.Errorf("a difference that is too large: %v", err)
		}
		n.reads("ab")
		counters := newNode(t, documentsOf("counter"))
		if err := replace(counters, nil, "1"); codeOf(err) != protocol.WrongType {
			t.Errorf("of a counter: %v", err)
		}
		if err := replace(newNode(t), nil, "1"); codeOf(err) != protocol.WrongType {
			t.Errorf("of messages: %v", err)
		}
	})
	t.Run("needs edit alone", func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		base := n.edit(everyone, nil, `[[0,0,"ab"]]`)
		n.edit(everyone, nil, `[[2,0,"c"]]`)
		may := func(verb auth.Verb) error {
			who := auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "d", Verbs: []auth.Verb{verb}}}}
			_, err := n.Replace(t.Context(), Replacement{Identity: who, Topic: "d", Base: &base, Text: "Ab"})
			return err
		}
		if err := may(auth.Read); codeOf(err) != protocol.Forbidden {
			t.Errorf("with read: %v", err)
		}
		must(t, may(auth.Edit))
		n.reads("Abc")
	})
}

// A repeat is answered as the first was, though the difference would be another by
// then; even where what it was made of is gone.
func TestReplace_KEY_1_TEXT_15(t *testing.T) {
	n := newNode(t, documentsOf("text"))
	base := n.edit(everyone, nil, `[[0,0,"ab"]]`)
	ask := func(base *uint64, text string) (uint64, error) {
		at, err := n.Replace(t.Context(), Replacement{Identity: everyone, Topic: "d", Base: base, Text: text, Key: "k"})
		return at.Offset, err
	}
	first, err := ask(&base, "abc")
	must(t, err)
	n.edit(everyone, nil, `[[0,0,"> "]]`)
	_, err = n.Truncate(t.Context(), Admin{Trusted: true}, "d", 3)
	must(t, err)
	if again, err := ask(&base, "abc"); err != nil || again != first {
		t.Errorf("the repeat is at %d (%v), the first was at %d", again, err, first)
	}
	n.reads("> abc")
	for _, other := range []func() (uint64, error){
		func() (uint64, error) { return ask(&base, "abcd") },
		func() (uint64, error) { return ask(nil, "abc") },
	} {
		if _, err := other(); codeOf(err) != protocol.IdempotencyConflict {
			t.Errorf("another replacement of the same key: %v", err)
		}
	}
}

func TestChanges_DOC_35(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, documentsOf("text"))
		ann, bob := named("ann"), named("bob")
		start := time.Now().UnixMilli()
		n.edit(ann, nil, `[[0,0,"naïve"]]`) // 1
		time.Sleep(50 * time.Second)
		n.edit(ann, nil, `[[0,5,"b"],[1,0,"cd"]]`) // 2
		time.Sleep(70 * time.Second)
		n.edit(ann, nil, `[[0,1,""]]`)          // 3
		n.edit(bob, nil, `[[0,0,"x"]]`)         // 4
		n.edit(ann, offsetOf(3), `[[0,2,"y"]]`) // 5
		n.edit(ann, offsetOf(3), `[[0,2,"z"]]`) // 6: what it deletes is deleted

		var told []string
		ask := func(before *uint64, limit int) uint64 {
			page, err := n.Changes(t.Context(), Changes{Identity: everyone, Topic: "d", Before: before, Limit: limit})
			must(t, err)
			for _, c := range page.Changes {
				told = append(told, fmt.Sprintf("%d-%d %s %d-%ds %d +%d -%d", c.First, c.Last, c.Author.Sub, (c.Time-start)/1000, (c.End-start)/1000, c.Entries, *c.Inserted, *c.Deleted))
			}
			return page.Before
		}
		want := []string{
			"5-6 ann 120-120s 2 +2 -2",
			"4-4 bob 120-120s 1 +1 -0",
			"3-3 ann 120-120s 1 +0 -1",
			"1-2 ann 0-50s 2 +8 -5",
		}
		if ask(nil, 0); !slices.Equal(told, want) {
			t.Errorf("the changes are %q, want %q", told, want)
		}
		told = nil
		for before := ask(nil, 1); before > 0; before = ask(&before, 1) {
		}
		if !slices.Equal(told, want) {
			t.Errorf("one by one the changes are %q, want %q", told, want)
		}
		told = nil
		if before := ask(offsetOf(1), 0); before != 0 || told != nil {
			t.Errorf("in front of the first are %q, and more before %d", told, before)
		}
	})
}

// A page ends, however long a change is, and the next goes on where it did.
func TestChanges_DOC_35_reads_so_much(t *testing.T) {
	n := newNode(t, documentsOf("counter"))
	const entries = changePages*changeEntries + 100
	for range entries {
		n.edit(named("ann"), nil, `{"op":"add","n":1}`)
	}
	page, err := n.Changes(t.Context(), Changes{Identity: everyone, Topic: "d"})
	must(t, err)
	c := page.Changes[0]
	if len(page.Changes) != 1 || c.Last != entries || c.Entries != changePages*changeEntries || page.Before != c.First || c.Inserted != nil {
		t.Fatalf("the first page is %+v", page)
	}
	page, err = n.Changes(t.Context(), Changes{Identity: everyone, Topic: "d", Before: &page.Before})
	must(t, err)
	if c := page.Changes[0]; len(page.Changes) != 1 || c.First != 1 || c.Entries != 100 || page.Before != 0 {
		t.Fatalf("the second page is %+v", page)
	}
	_, err = n.Truncate(t.Context(), Admin{Trusted: true}, "d", entries-9)
	must(t, err)
	page, err = n.Changes(t.Context(), Changes{Identity: everyone, Topic: "d"})
	must(t, err)
	if c := page.Changes[0]; len(page.Changes) != 1 || c.Entries != 10 || page.Before != 0 {
		t.Fatalf("of a log that was truncated the page is %+v", page)
	}
	nobody := auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "d", Verbs: []auth.Verb{auth.Read, auth.Edit}}}}
	if _, err := n.Changes(t.Context(), Changes{Identity: nobody, Topic: "d"}); codeOf(err) != protocol.Forbidden {
		t.Errorf("without the verb history: %v", err)
	}
}

// TestBlame_TEXT_16 holds blame against a text that remembers of each code point
// where it is from, on random concurrent edits; whole, as it was, and behind what
// was truncated.
func TestBlame_TEXT_16(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			n := newNode(t, documentsOf("text"))
			authors := []auth.Identity{named("ann"), named("bob"), {Grants: auth.FullRights()}}
			past := [][]source{nil} // by offset
			for len(past) <= 60 {
				base := uint64(len(past) - 1 - random.IntN(min(len(past), 4)))
				length := len(past[base])
				at := random.IntN(length + 1)
				op := fmt.Sprintf(`[[%d,%d,%q]]`, at, random.IntN(min(length-at, 3)+1), []string{"", "é", "word", "😀"}[random.IntN(4)])
				who := authors[random.IntN(3)]
				offset := n.edit(who, &base, op)
				entries, err := n.log.Read(t.Context(), "d", offset-1, 1, 1)
				must(t, err)
				e, err := protocol.ParseEntry(entries[0].Data)
				must(t, err)
				if e.Eff == nil {
					e.Eff = e.Data
				}
				splices, err := texts.Kind.(doc.Text).Splices(e.Eff)
				must(t, err)
				now := past[offset-1]
				for _, s := range splices {
					added := slices.Repeat([]source{{offset, e.Time, e.Author, e.Client}}, s.Insert)
					now = slices.Concat(now[:s.At], added, now[s.At+s.Delete:])
				}
				past = append(past, now)
			}
			n.blames(past, nil)
			for range 5 {
				n.blames(past, offsetOf(uint64(random.IntN(len(past)))))
			}
			_, err := n.Truncate(t.Context(), Admin{Trusted: true}, "d", 31)
			must(t, err)
			for _, all := range past {
				for i := range all {
					if all[i].offset <= 30 {
						all[i] = source{}
					}
				}
			}
			n.blames(past, nil)
			if _, err := n.Blame(t.Context(), Glance{Identity: everyone, Topic: "d", At: offsetOf(10)}); codeOf(err) != protocol.PositionLost {
				t.Errorf("as of what was truncated: %v", err)
			}
		})
	}
}

// blames compares blame with what is known of each code point, by offset.
func (n *node) blames(past [][]source, at *uint64) {
	n.t.Helper()
	b, err := n.Blame(context.Background(), Glance{Identity: everyone, Topic: "d", At: at})
	must(n.t, err)
	want := past[len(past)-1]
	if at != nil {
		want = past[*at]
	}
	var got []source
	for i, r := range b.Runs {
		from := source{r.Offset, r.Time, r.Author, r.Client}
		if r.At != len(got) || r.Length < 1 || i > 0 && r.Offset == b.Runs[i-1].Offset {
			n.t.Fatalf("the runs are %+v", b.Runs)
		}
		got = append(got, slices.Repeat([]source{from}, r.Length)...)
	}
	same := func(a, b source) bool {
		return a.offset == b.offset && a.time == b.time && a.client == b.client && (a.author == b.author || *a.author == *b.author)
	}
	if !slices.EqualFunc(got, want, same) {
		n.t.Fatalf("as of %d: %+v, want %+v", b.Offset, got, want)
	}
}

func TestBlame_TEXT_16_rights_and_types(t *testing.T) {
	n := newNode(t, documentsOf("text"))
	n.edit(everyone, nil, `[[0,0,"a"]]`)
	reader := auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "d", Verbs: []auth.Verb{auth.Read}}}}
	if _, err := n.Blame(t.Context(), Glance{Identity: reader, Topic: "d"}); codeOf(err) != protocol.Forbidden {
		t.Errorf("without the verb history: %v", err)
	}
	if _, err := n.Blame(t.Context(), Glance{Identity: everyone, Topic: "d", At: offsetOf(2)}); codeOf(err) != protocol.NotFound {
		t.Errorf("above the newest entry: %v", err)
	}
	if _, err := newNode(t, documentsOf("set")).Blame(t.Context(), Glance{Identity: everyone, Topic: "d"}); codeOf(err) != protocol.WrongType {
		t.Errorf("of a set: %v", err)
	}
}

// Runs that are cut at one place after the other stay a shallow tree.
func TestRuns_stay_shallow(t *testing.T) {
	var depth func(r *run) int
	depth = func(r *run) int {
		if r == nil {
			return 0
		}
		return 1 + max(depth(r.left), depth(r.right))
	}
	const n = 10_000
	r := &runs{root: newRun(beforeLog, &source{})}
	for i := range n {
		must(t, r.splice(doc.Splice{At: 3 * i, Insert: 1}, &source{offset: uint64(i + 1)}))
	}
	if d := depth(r.root); d > 100 {
		t.Errorf("the depth of %d runs is %d", 2*n, d)
	}
	if err := r.splice(doc.Splice{At: beforeLog + n + 1}, &source{}); !errors.Is(err, errMisfit) {
		t.Errorf("behind the end: %v", err)
	}
}

func TestRestore_TEXT_17(t *testing.T) {
	n := newNode(t, documentsOf("text"))
	restore := func(who auth.Identity, version string, at *uint64, key string) (uint64, error) {
		p, err := n.Restore(t.Context(), Reversion{Identity: who, Topic: "d", Version: version, At: at, Key: key})
		return p.Offset, err
	}
	n.edit(named("ann"), nil, `[[0,0,"one two"]]`)
	_, _, err := n.KeepVersion(t.Context(), Version{Identity: everyone, Topic: "d", Name: "v1"})
	must(t, err)
	n.edit(named("bob"), nil, `[[3,4," three"]]`)
	n.edit(named("bob"), nil, `[[0,0,"> "]]`)

	at, err := restore(everyone, "v1", nil, "k")
	must(t, err)
	n.reads("one two")
	n.edit(named("bob"), nil, `[[0,0,"# "]]`)
	if again, err := restore(everyone, "v1", nil, "k"); err != nil || again != at {
		t.Errorf("the repeat is at %d (%v), the first was at %d", again, err, at)
	}
	if _, err := restore(everyone, "", offsetOf(1), "k"); codeOf(err) != protocol.IdempotencyConflict {
		t.Errorf("another of the same key: %v", err)
	}
	_, err = restore(everyone, "", offsetOf(2), "")
	must(t, err)
	n.reads("one three")
	b, err := n.Blame(t.Context(), Glance{Identity: everyone, Topic: "d"})
	must(t, err)
	if first := b.Runs[0]; first.Author.Sub != "ann" || first.Length < 3 {
		t.Errorf("what was never changed is now of %+v", first)
	}

	_, err = n.Truncate(t.Context(), Admin{Trusted: true}, "d", 5)
	must(t, err)
	_, err = restore(everyone, "v1", nil, "")
	must(t, err)
	n.reads("one two")

	for _, c := range []struct {
		version string
		at      *uint64
		want    protocol.Code
	}{
		{"", offsetOf(1), protocol.PositionLost}, {"", offsetOf(99), protocol.NotFound}, {"v2", nil, protocol.NotFound},
	} {
		if _, err := restore(everyone, c.version, c.at, ""); codeOf(err) != c.want {
			t.Errorf("%q %v: %v", c.version, c.at, err)
		}
	}
	for _, verb := range []auth.Verb{auth.Edit, auth.History} {
		who := auth.Identity{Sub: "bob", Grants: []auth.Grant{{Topics: "d", Verbs: []auth.Verb{verb}}}}
		if _, err := restore(who, "v1", nil, ""); codeOf(err) != protocol.Forbidden {
			t.Errorf("with %s alone: %v", verb, err)
		}
	}
	_, err = newNode(t, documentsOf("records")).Restore(t.Context(), Reversion{Identity: everyone, Topic: "d", At: offsetOf(0)})
	if codeOf(err) != protocol.WrongType || !strings.Contains(err.Error(), "records") {
		t.Errorf("of records: %v", err)
	}
}

// Blame of so many entries by several at one text.
func BenchmarkBlame(b *testing.B) {
	const entries = 100_000
	n := newNode(b, documentsOf("text"), func(c *Config) { c.Session.Limits.DocumentBytes = 0 })
	random := rand.New(rand.NewPCG(1, 0))
	batch := store.Batch{}
	for i, length := 0, 0; i < entries; i++ {
		base := uint64(i)
		e := protocol.Entry{
			Offset: base + 1, Term: n.log.Term(), Base: &base, Time: int64(i), Author: &protocol.Author{Sub: fmt.Sprint(i % 7)},
			Data: fmt.Appendf(nil, `[[%d,0,"ab"]]`, random.IntN(length+1)),
		}
		batch.Entries = append(batch.Entries, protocol.AppendEntry(nil, &e))
		length += 2
	}
	must(b, n.log.Append(b.Context(), "d", batch))
	n.value("d", nil)
	for b.Loop() {
		blame, err := n.Blame(b.Context(), Glance{Identity: everyone, Topic: "d"})
		must(b, err)
		b.ReportMetric(float64(len(blame.Runs)), "runs")
	}
}
