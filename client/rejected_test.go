package client_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/internal/naive"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

// scribe makes edits one of which is rejected, and knows what they meant.
type scribe struct {
	*client.Text
	random *rand.Rand
	next   rune // what is written next; no two write the same
	made   []attempt
}

// attempt is an edit as it was made.
type attempt struct {
	*client.Mutation
	op   text.Op
	base uint64 // what its author had seen of the log
}

func newScribe(t *testing.T, d *documents, random *rand.Rand, first rune) *scribe {
	a := &scribe{Text: client.OpenText(d.connect(t, client.Options{}), "text:a", client.DocumentOptions{}), random: random, next: first}
	ready(t, a.Document)
	return a
}

// draw is a random edit.
func (a *scribe) draw() text.Op {
	length := a.Len()
	s := text.Splice{At: a.random.IntN(length + 1)}
	if a.random.IntN(3) == 0 {
		s.Delete = a.random.IntN(min(6, length-s.At) + 1)
	}
	if s.Delete == 0 || a.random.IntN(3) == 0 {
		for range 1 + a.random.IntN(3) {
			s.Insert += string(a.next)
			a.next++
		}
	}
	return text.Op{s}
}

// write makes ten edits that are operations of their own, and says a word in one of
// them. between is called behind each, and returns what is seen of the log then.
func (a *scribe) write(base uint64, k int, word string, between func(i int) uint64) {
	for i := range 10 {
		op := a.draw()
		if i == k {
			op[0].Insert += word
		}
		for range 250 { // too long to be joined by the next
			op = append(op, text.Splice{})
		}
		a.made = append(a.made, attempt{a.Edit(op), op, base})
		base = between(i)
	}
}

// meant is what the text is to be by the naive engine if, of the scribes' edits,
// those had never been made that say "no".
func (d *documents) meant(t *testing.T, scribes ...*scribe) string {
	t.Helper()
	var log []tutti.Entry
	_, end, err := d.Document(t.Context(), "text:a")
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range d.Read(t.Context(), "text:a", tutti.Earliest()) {
		if err != nil {
			t.Fatal(err)
		}
		if log = append(log, e); e.Offset == end.Offset {
			break
		}
	}
	taken := uint64(len(log)) // in front of what the scribes wrote
	names := make([]string, len(scribes))
	for i, a := range scribes {
		for _, m := range a.made {
			if at, err := m.Result(); err == nil {
				names[i], taken = log[at.Offset-1].Client, min(taken, at.Offset-1)
			}
		}
	}
	n := naive.NewLog()
	for _, e := range log[:taken] {
		var op text.Op
		if err := json.Unmarshal(e.Data, &op); err != nil {
			t.Fatal(err)
		}
		n.Fold(e.Client, naive.Op(op), *e.Base)
	}
	rejected := make(map[int]bool)
	for i, a := range scribes {
		for _, m := range a.made {
			from, to := n.Fold(names[i], naive.Op(m.op), m.base)
			for v := from; v < to; v++ {
				rejected[v] = strings.Contains(m.op[0].Insert, "no")
			}
		}
	}
	return n.Of(func(v int) bool { return !rejected[v] })
}

// settled sees that of a scribe's edits one was rejected, and all others are in
// the log.
func (a *scribe) settled(t *testing.T, k int) {
	t.Helper()
	for i, m := range a.made {
		if i == k {
			rejected(t, m.Mutation, protocol.Rejected)
		} else {
			confirmed(t, m.Mutation)
		}
	}
}

// without takes what a scribe has inserted, whose letters begin with that, out of a
// text.
func without(s string, start rune) string {
	return strings.Map(func(r rune) rune {
		if start <= r && r < start+0x100 {
			return -1
		}
		return r
	}, s)
}

// TestText_rejected holds what becomes of ten edits, one of which is rejected,
// against the naive engine: it alone is gone, and the others mean what they meant on
// their author's screen.
func TestText_rejected(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		bubble(t, fmt.Sprintf("DOC-17 TEXT-9 all in flight, while others write, seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 20))
			d := serveDocuments(t)
			a, other := newScribe(t, d, random, 'À'), newScribe(t, d, random, 'א')
			confirmed(t, other.Insert(0, "hello, everybody out there"))
			synctest.Wait()
			shown, k := mirror(t, a.Text), 1+random.IntN(9)
			offset := uint64(1)
			slow := text.Insert(random.IntN(9), "slow")
			a.made = append(a.made, attempt{a.Edit(slow), slow, offset})
			synctest.Wait()
			a.write(offset, k, "no", func(int) uint64 {
				synctest.Wait() // it is sent
				for range random.IntN(3) {
					confirmed(t, other.Edit(other.draw()))
					synctest.Wait()
					offset++
				}
				return offset
			})
			close(d.slow)
			a.settled(t, k+1)
			synctest.Wait()
			want := d.meant(t, a)
			if d.has(t, want); a.Value() != want || other.Value() != want || *shown != want {
				t.Errorf("it shows %q, told as %q, and the other %q; want %q", a.Value(), *shown, other.Value(), want)
			}
		})
		bubble(t, fmt.Sprintf("DOC-17 TEXT-9 two tabs that wrote offline, seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 21))
			d := serveDocuments(t)
			tabs := []*scribe{newScribe(t, d, random, 'À'), newScribe(t, d, random, 'א')}
			confirmed(t, tabs[0].Insert(0, "hello, everybody out there"))
			synctest.Wait()
			d.set(refuse, everyRoad...)
			d.cut()
			synctest.Wait()
			ks := []int{random.IntN(10), random.IntN(10)}
			for i, tab := range tabs {
				tab.write(1, ks[i], "no", func(int) uint64 { return 1 })
				if got := len(tab.Pending("")); got != 10 {
					t.Fatalf("%d operations are pending", got)
				}
			}
			d.set("", everyRoad...)
			for i, tab := range tabs {
				tab.settled(t, ks[i])
			}
			synctest.Wait()
			// Where the tabs inserted at one place, the rejected edit may have decided
			// between them by the clients' names: neither had that on its screen.
			want, all := d.meant(t, tabs...), tabs[0].Value()
			if d.has(t, all); tabs[1].Value() != all {
				t.Errorf("it shows %q, and the other tab %q", all, tabs[1].Value())
			}
			for i, start := range []rune{'À', 'א'} {
				if got, want := without(all, start), without(want, start); got != want {
					t.Errorf("to tab %d it says %q, want %q", 1-i, got, want)
				}
			}
		})
	}
}
