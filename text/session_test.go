package text

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tuttisync/tutti/internal/naive"
)

// A desk is a sequencer with its clients, all in one test: what they say to each
// other lies in queues, which are cut now and then.
type desk struct {
	t        *testing.T
	random   *rand.Rand
	fold     *Fold
	log      []Entry
	accepted map[string]map[uint64]uint64 // of each client, the offsets of its seqs
	next     map[string]uint64            // the seq that is expected
	voids    map[string]int               // how many were rejected
	writers  []*writer
	exact    bool // each step is held against the naive engine
}

// A command is an operation on its way to the sequencer.
type command struct {
	seq   uint64
	voids int // rejections that its author knows of
	Entry
}

// An answer is what the sequencer says of a command, or an entry of the log.
type answer struct {
	seq      uint64
	accepted bool
	rejected bool
	refused  bool // for now
	entry    *Entry
	own      uint64 // the seq that the entry is of, if it is the reader's
}

type writer struct {
	*noted
	desk  *desk
	name  string
	seqs  map[uint64]uint64 // of each pending operation that was sent
	seq   uint64            // the latest
	voids int
	sent  int // so many of the pending ones are on their way
	up    []command
	down  []answer
	shown string // what the steps tell
	known uint64 // offset up to which entries are on their way
	kept  Kept   // what outlives the session, beside what is pending
}

func newDesk(t *testing.T, random *rand.Rand, writers int) *desk {
	d := &desk{
		t: t, random: random, fold: NewFold("", 0, Limits{}),
		accepted: make(map[string]map[uint64]uint64), next: make(map[string]uint64), voids: make(map[string]int),
	}
	for i := range writers {
		name := string(rune('a' + i))
		d.accepted[name], d.next[name] = make(map[uint64]uint64), 1
		d.writers = append(d.writers, &writer{noted: &noted{Session: NewSession(name)}, desk: d, name: name, seqs: make(map[uint64]uint64)})
	}
	return d
}

// judge takes a command in, as the protocol says.
func (d *desk) judge(w *writer, c command) {
	switch {
	case d.accepted[w.name][c.seq] > 0: // a repeat
		return
	case c.seq != d.next[w.name] || c.voids != d.voids[w.name]:
		w.down = append(w.down, answer{seq: c.seq, refused: true})
		return
	case d.random.IntN(12) == 0:
		d.next[w.name]++
		d.voids[w.name]++
		w.down = append(w.down, answer{seq: c.seq, rejected: true})
		return
	}
	c.Offset = d.fold.Offset() + 1
	d.fold.Try()
	_, err := d.fold.Fold(c.Entry)
	if err == nil && d.random.IntN(20) == 0 { // the append fails
		d.fold.TakeBack(c.Offset - 1)
		w.down = append(w.down, answer{seq: c.seq, refused: true})
		return
	}
	d.fold.Keep()
	switch {
	case CodeOf(err) == RebaseRequired:
		w.down = append(w.down, answer{seq: c.seq, refused: true})
		return
	case err != nil:
		d.t.Fatalf("%s's %d: %v", w.name, c.seq, err)
	}
	d.log = append(d.log, c.Entry)
	d.accepted[w.name][c.seq] = c.Offset
	d.next[w.name]++
	w.down = append(w.down, answer{seq: c.seq, accepted: true})
}

// tell puts entries on the way to a writer.
func (d *desk) tell(w *writer, n int) {
	for ; n > 0 && w.known < uint64(len(d.log)); n-- {
		e := &d.log[w.known]
		w.known++
		a := answer{entry: e}
		if e.Client == w.name {
			for seq, offset := range d.accepted[w.name] {
				if offset == e.Offset {
					a.own = seq
				}
			}
		}
		w.down = append(w.down, a)
	}
}

// send puts pending operations on their way.
func (w *writer) send() {
	for _, p := range w.Pending()[w.sent:] {
		if _, ok := w.seqs[p.Key]; !ok {
			w.seq++
			w.seqs[p.Key] = w.seq
		}
		w.up = append(w.up, command{w.seqs[p.Key], w.voids, Entry{Client: w.name, Base: p.Base, Op: p.Op}})
		w.sent++
	}
}

func (w *writer) key(seq uint64) uint64 {
	for key, s := range w.seqs {
		if s == seq {
			return key
		}
	}
	return 0
}

func (w *writer) hear(a answer) {
	pending := func(key uint64) bool {
		return slices.ContainsFunc(w.Pending(), func(p Pending) bool { return p.Key == key })
	}
	switch {
	case a.entry != nil:
		step, err := w.Receive(*a.entry, w.key(a.own))
		if err != nil {
			w.desk.t.Fatal(err)
		}
		w.kept.Entries = append(w.kept.Entries, *a.entry)
		if step.Confirmed > 0 {
			w.sent = max(0, w.sent-1)
		}
		w.check(step)
	case a.accepted:
		w.Acknowledge(w.key(a.seq))
	case a.rejected:
		key := w.key(a.seq)
		position := slices.IndexFunc(w.Pending(), func(p Pending) bool { return p.Key == key })
		before, want := &naiveSession{}, ""
		if w.desk.exact {
			before = w.naive()
			want = before.excised(position)
		}
		step := w.Reject(key)
		w.check(step)
		if w.desk.exact && w.String() != want {
			w.desk.t.Fatalf("without %d of %d it is %q, want %q", position, len(before.spans), w.String(), want)
		}
		w.voids++
		w.sent = position
	case a.refused && pending(w.key(a.seq)):
		key := w.key(a.seq)
		w.sent = min(w.sent, slices.IndexFunc(w.Pending(), func(p Pending) bool { return p.Key == key }))
	}
}

// reconnect cuts the connection and makes it anew: by the entries that are
// missing, or by a snapshot.
func (w *writer) reconnect() {
	d := w.desk
	w.up, w.down, w.sent = nil, nil, 0
	if d.random.IntN(2) == 0 {
		w.known = w.Offset()
	} else {
		s := d.fold.Snapshot()
		recovered := d.random.IntN(3) > 0
		in := func(key uint64) bool { return d.accepted[w.name][w.seqs[key]] > 0 }
		for _, p := range w.Pending() { // what was rejected without a word
			if seq := w.seqs[p.Key]; seq > 0 && seq < d.next[w.name] && !in(p.Key) {
				w.check(w.Reject(p.Key))
			}
		}
		w.voids = d.voids[w.name]
		step, err := w.Open(s, in, recovered)
		if err != nil {
			d.t.Fatal(err)
		}
		w.check(step)
		w.kept = Kept{Snapshot: &s}
		w.known = w.Offset()
		if w.known != uint64(len(d.log)) {
			d.t.Fatalf("opened at %d of %d", w.known, len(d.log))
		}
	}
	for _, p := range w.Pending() {
		if seq := w.seqs[p.Key]; seq > 0 && seq < d.next[w.name] && d.accepted[w.name][seq] == 0 {
			w.check(w.Reject(p.Key))
		}
	}
	w.voids = d.voids[w.name]
	w.send()
}

// naive is what is shown by the naive engine: the log, and what is pending as it
// is said now.
type naiveSession struct {
	*naive.Log
	spans []span // of what is pending
}

func (w *writer) naive() *naiveSession {
	n := &naiveSession{Log: naive.NewLog()}
	for _, e := range w.desk.log[:w.Offset()] {
		n.Fold(e.Client, naive.Op(e.Op), e.Base)
	}
	for _, p := range w.Pending() {
		from, to := n.Fold(w.name, naive.Op(p.Op), p.Base)
		n.spans = append(n.spans, span{from, to})
	}
	return n
}

// excised is the text as if one pending operation had had no effect.
func (n *naiveSession) excised(i int) string {
	return n.Of(func(v lv) bool { return !n.spans[i].has(v) })
}

// check holds a step against what is shown.
func (w *writer) check(step Step) {
	w.desk.t.Helper()
	shown, err := Apply(w.shown, step.Op)
	if err != nil || shown != w.String() {
		w.desk.t.Fatalf("the step %v makes %q of %q (%v), and %q is shown", step.Op, shown, w.shown, err, w.String())
	}
	w.shown = shown
	if !w.desk.exact {
		return
	}
	if want := w.naive().String(); w.String() != want {
		w.desk.t.Fatalf("%s shows %q, want %q", w.name, w.String(), want)
	}
}

// work lets the writers do so many things at random.
func (d *desk) work(steps int) {
	random := d.random
	for range steps {
		w := d.writers[random.IntN(len(d.writers))]
		switch random.IntN(8) {
		case 0, 1:
			if random.IntN(4) == 0 {
				w.revert()
				continue
			}
			join := Join{Step: random.IntN(3) == 0}
			if p := w.Pending(); len(p) > 0 && random.IntN(2) == 0 {
				if last := p[len(p)-1].Key; w.seqs[last] == 0 {
					join.Operation = last
				}
			}
			op := drawOp(random, w.Len())
			if _, err := w.Local(op, join); err != nil {
				d.t.Fatal(err)
			}
			w.check(Step{Op: op})
		case 2:
			w.send()
		case 3, 4:
			if len(w.up) > 0 {
				c := w.up[0]
				w.up = w.up[1:]
				d.judge(w, c)
			}
		case 5, 6:
			d.tell(w, random.IntN(3))
			for n := random.IntN(3); n > 0 && len(w.down) > 0; n-- {
				a := w.down[0]
				w.down = w.down[1:]
				w.hear(a)
			}
		case 7:
			switch random.IntN(6) {
			case 0:
				w.reconnect()
			case 1:
				w.rebase()
			case 2:
				w.resume()
			case 3:
				w.compact()
			}
		}
	}
}

// revert undoes something, or makes it again.
func (w *writer) revert() {
	undo := w.Undo
	if w.desk.random.IntN(2) == 0 {
		undo = w.Redo
	}
	_, op, err := undo()
	if err != nil {
		w.desk.t.Fatal(err)
	}
	w.check(Step{Op: op})
}

// rebase says anew what was never sent.
func (w *writer) rebase() {
	for _, p := range w.Pending() {
		if w.seqs[p.Key] > 0 {
			continue
		}
		before := w.String()
		w.check(w.Rebase(p.Key))
		if w.String() != before {
			w.desk.t.Fatalf("rebased, it is %q, was %q", w.String(), before)
		}
		return
	}
}

// resume goes on as another session, from what was kept.
func (w *writer) resume() {
	if w.noting {
		return // of one session
	}
	w.kept.Client, w.kept.Pending = w.name, w.Pending()
	s, unfit, err := Resume(w.kept)
	if err != nil || len(unfit) > 0 || !reflect.DeepEqual(s.Pending(), w.Pending()) {
		w.desk.t.Fatalf("%v are pending and %v do not fit (%v), of %v", s.Pending(), unfit, err, w.Pending())
	}
	w.Session = s
	maps.DeleteFunc(w.seqs, func(key, _ uint64) bool { return s.index(key) < 0 }) // keys that are free may come again
	w.check(Step{})
}

// compact keeps a snapshot in the place of the entries.
func (w *writer) compact() {
	if s, ok := w.Snapshot(); ok {
		w.kept = Kept{Snapshot: &s}
	}
	w.check(Step{})
}

// rest lets all come that is under way, until all show the log.
func (d *desk) rest() {
	for rounds, busy := 0, true; busy; rounds++ {
		if rounds > 200 {
			d.t.Fatal("it does not come to an end")
		}
		for _, w := range d.writers {
			w.send()
			for _, c := range w.up {
				d.judge(w, c)
			}
			w.up = nil
			d.tell(w, len(d.log))
			for _, a := range w.down {
				w.hear(a)
			}
			w.down = nil
		}
		busy = slices.ContainsFunc(d.writers, func(w *writer) bool { return len(w.Pending()) > 0 || w.Offset() < uint64(len(d.log)) })
	}
	for _, w := range d.writers {
		if w.String() != d.fold.String() {
			d.t.Errorf("%s shows %q, the log is %q", w.name, w.String(), d.fold.String())
		}
	}
}

// TestSession lets clients write that pipeline, are rejected, cut off, and open
// anew, and holds each step against the naive engine.
func TestSession(t *testing.T) {
	for seed := range seeds(300, 60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			d := newDesk(t, rand.New(rand.NewPCG(seed, 15)), 3)
			d.exact = true
			d.work(120)
			d.rest()
		})
	}
}

func TestSession_TEXT8_bars(t *testing.T) {
	for seed := range uint64(4) {
		d := newDesk(t, rand.New(rand.NewPCG(seed, 16)), 3)
		for len(d.log) < 1500 {
			d.work(200)
		}
		d.rest()
		if d.fold.Bar() < 2*barEntries {
			t.Errorf("the bar is at %d of %d", d.fold.Bar(), len(d.log))
		}
		for _, w := range d.writers {
			if s, ok := w.Snapshot(); !ok || s.Bar != d.fold.Bar() {
				t.Errorf("the snapshot of %s has its bar at %d, not %d", w.name, s.Bar, d.fold.Bar())
			}
		}
	}
}

// TestSession_what_is_undone_in_one_go is one operation, if it is not large.
func TestSession_what_is_undone_in_one_go(t *testing.T) {
	s := NewSession("ann")
	for range 1500 {
		if _, err := s.Local(Insert(s.Len(), "abcd"), Join{Step: true}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(s.Pending())
	keys, _, err := s.Undo()
	if err != nil || s.Len() != 0 || len(keys) != 2 || len(s.Pending()) != before+2 {
		t.Errorf("%d are left after %d operations, %v", s.Len(), len(keys), err)
	}
	keys, _, err = s.Redo()
	if err != nil || s.Len() != 6000 || len(keys) != 2 {
		t.Errorf("%d are there again after %d operations, %v", s.Len(), len(keys), err)
	}
}

// TestSession_what_was_backspaced is whole again if it is rejected, also if it has
// stayed as it was when others were.
func TestSession_what_was_backspaced(t *testing.T) {
	s := NewSession("ann")
	if _, err := s.Open(Snapshot{Text: "abc", Length: 3}, func(uint64) bool { return false }, false); err != nil {
		t.Fatal(err)
	}
	local := func(op Op, onto uint64) uint64 {
		key, err := s.Local(op, Join{Operation: onto})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first := local(Delete(2, 1), 0)
	local(Delete(1, 1), first)
	s.Reject(local(Insert(0, "x"), 0))
	if s.String() != "a" || len(s.Pending()) != 1 {
		t.Fatalf("it is %q, with %v", s.String(), s.Pending())
	}
	if s.Reject(first); s.String() != "abc" {
		t.Errorf("it is %q", s.String())
	}
}

// TestSession_an_entry_that_is_not_what_is_pending counts as the log has it, and
// what is pending, before it as well, is said anew behind it.
func TestSession_an_entry_that_is_not_what_is_pending(t *testing.T) {
	s := NewSession("ann")
	var keys []uint64
	for i := range 3 {
		key, err := s.Local(Insert(i, string(rune('a'+i))), Join{})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	step, err := s.Receive(Entry{Offset: 1, Client: "ann", Op: Insert(0, "X")}, keys[2])
	if err != nil || step.Confirmed != keys[2] || !step.Rebased {
		t.Errorf("the step is %+v, %v", step, err)
	}
	if p := s.Pending(); len(p) != 2 || p[0].Base != 1 || p[1].Base != 1 {
		t.Errorf("pending are %+v", p)
	}
	if shown, err := Apply("abc", step.Op); err != nil || shown != s.String() {
		t.Errorf("it is %q, told as %q, %v", s.String(), shown, err)
	}
}

// TestSession_TEXT19_a_text_that_has_changed_places counts as deleted where it was,
// and inserted where it is: so its deletion has no effect, and what was put beside
// it stays behind.
func TestSession_TEXT19_a_text_that_has_changed_places(t *testing.T) {
	n := &noted{Session: NewSession("ann")}
	if err := changedPlaces(n); err != nil || n.String() != "n!cda" {
		t.Errorf("it is %q, %v", n.String(), err)
	}
	for i, want := range []Op{Insert(1, "!"), nil, Delete(2, 1)} {
		if p := n.Pending()[i]; p.Base != 2 || !p.Op.same(want) {
			t.Errorf("pending is %+v, not %v", p, want)
		}
	}
}

// changedPlaces opens a snapshot whose bar the session has not seen, in whose text a
// letter stands elsewhere that it has deleted.
func changedPlaces(n *noted) error {
	none := func(uint64) bool { return false }
	if _, err := n.Open(Snapshot{Text: "nabcd", Length: 5}, none, false); err != nil {
		return err
	}
	for _, op := range []Op{Insert(2, "!"), Delete(1, 1), Delete(2, 1)} {
		if _, err := n.Local(op, Join{}); err != nil {
			return err
		}
	}
	_, err := n.Open(Snapshot{Text: "nbcda", Bar: 2, Length: 5}, none, true)
	return err
}

// TestSession_TEXT19_what_a_snapshot_holds_without_effect does not keep the session
// from going on by the log, to which it is of no client.
func TestSession_TEXT19_what_a_snapshot_holds_without_effect(t *testing.T) {
	n := &noted{Session: NewSession("ann")}
	if err := heldWithoutEffect(n); err != nil || n.String() != "cd" {
		t.Errorf("it is %q, %v", n.String(), err)
	}
	if p := n.Pending(); len(p) != 1 || p[0].Base != 2 || !p[0].Op.same(Delete(0, 1)) {
		t.Errorf("pending is %+v", p)
	}
}

// heldWithoutEffect opens a snapshot that holds an operation that does nothing, since
// another had done the same, and in whose text a letter stands elsewhere that the
// session has deleted.
func heldWithoutEffect(n *noted) error {
	log := []Entry{
		{Offset: 1, Client: "bob", Op: Insert(0, "abcd")},
		{Offset: 2, Client: "bob", Base: 1, Op: Delete(0, 1)},
		{Offset: 3, Client: "ann", Base: 2},
		{Offset: 4, Client: "bob", Base: 3, Op: Op{{At: 0, Insert: "cd"}, {At: 3, Delete: 2}}},
	}
	fold := NewFold("", 0, Limits{})
	for _, e := range log {
		if _, err := fold.Fold(e); err != nil {
			return err
		}
	}
	if _, err := n.Receive(log[0], 0); err != nil {
		return err
	}
	first, err := n.Local(Delete(0, 1), Join{})
	if err != nil {
		return err
	}
	if _, err := n.Receive(log[1], 0); err != nil {
		return err
	}
	n.Rebase(first)
	if _, err := n.Local(Delete(0, 1), Join{}); err != nil {
		return err
	}
	_, err = n.Open(fold.Snapshot(), func(key uint64) bool { return key == first }, true)
	return err
}
