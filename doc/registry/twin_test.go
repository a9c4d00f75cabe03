package registry_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// twin is what a replica must be, made in the simplest way: whatever happens, it
// folds all anew.
type twin struct {
	typ     doc.Type
	client  string
	start   *protocol.Snapshot // what the confirmed document began with
	tail    []*protocol.Entry
	pending []*twinOp
}

type twinOp struct {
	key          uint64
	op           doc.Op
	base         uint64
	sent         protocol.ClientSeq
	acknowledged bool
	at           protocol.Position
}

func (w *twin) document(t *rapid.T) *doc.State {
	s, err := doc.Load(w.typ, w.start.Offset, w.start.Cells)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range w.tail {
		op, err := w.typ.Decode(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Fold(&doc.Entry{Offset: e.Offset, Client: e.Client, Base: *e.Base}, op); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (w *twin) shown(t *rapid.T) map[string]doc.Cell {
	s := w.document(t)
	for _, p := range w.pending {
		_ = s.Fold(&doc.Entry{Offset: doc.Pending, Client: w.client, Base: p.base}, p.op)
	}
	return maps.Collect(s.All())
}

func (w *twin) confirm(is func(*twinOp) bool, at func(*twinOp) protocol.Position) (confirmed []doc.Confirmation) {
	w.pending = slices.DeleteFunc(w.pending, func(p *twinOp) bool {
		if is(p) {
			confirmed = append(confirmed, doc.Confirmation{Key: p.key, Position: at(p)})
			return true
		}
		return false
	})
	return confirmed
}

func (w *twin) drop(key uint64) {
	w.pending = slices.DeleteFunc(w.pending, func(p *twinOp) bool { return p.key == key })
}

// table is a server with one document, a replica on it that belongs to ann, its
// twin, and what is on its way between them.
type table struct {
	typ   doc.Type
	log   []*protocol.Entry
	state *doc.State

	replica   *doc.Replica
	twin      *twin
	delivered int // entries of the log that the replica has

	lost     []uint64 // keys of what the twin lost in this step
	made     uint64
	seq      uint64
	unsent   []*flying
	inFlight []*flying // sent, in order
	answers  []answer

	input replicaStep // what the replica was told in this step
}

type flying struct {
	key  uint64
	seq  uint64
	data jsontext.Value
	base uint64
}

type answer struct {
	key      uint64
	rejected bool
	at       protocol.Position
}

// accept judges an operation and appends it, if it can be applied.
func (a *table) accept(t *rapid.T, client string, seq, base uint64, data jsontext.Value) (uint64, bool) {
	op, err := a.typ.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	offset := a.state.Offset() + 1
	d := a.state.Draft(0)
	if d.Judge(&doc.Entry{Offset: offset, Client: client, Base: base}, op) != nil {
		return 0, false
	}
	d.Commit()
	a.log = append(a.log, &protocol.Entry{Offset: offset, Term: "t", Client: client, Seq: seq, Base: &base, Data: data})
	return offset, true
}

func (a *table) mutate(t *rapid.T) doc.Change {
	a.made++
	data := drawOp(t, a.typ.Name(), "own")
	op, err := a.typ.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	base := a.replica.Offset()
	a.unsent = append(a.unsent, &flying{key: a.made, data: data, base: base})
	a.twin.pending = append(a.twin.pending, &twinOp{key: a.made, op: op, base: base})
	a.input.Mutate = &replicaMutation{a.made, data}
	return a.replica.Mutate(a.made, op)
}

func (a *table) send() {
	if len(a.unsent) == 0 {
		return
	}
	f := a.unsent[0]
	a.unsent = a.unsent[1:]
	a.seq++
	f.seq, f.base = a.seq, a.replica.Base(f.key)
	a.inFlight = append(a.inFlight, f)
	a.input.Sent = &replicaSent{f.key, "ann", f.seq}
	a.replica.Sent(f.key, "ann", f.seq)
	for _, p := range a.twin.pending {
		if p.key == f.key {
			p.sent = protocol.ClientSeq{Client: "ann", Seq: f.seq}
		}
	}
}

// serve lets the server take what was sent first, perhaps replaced by a hook.
func (a *table) serve(t *rapid.T) {
	if len(a.inFlight) == 0 {
		return
	}
	f := a.inFlight[0]
	a.inFlight = a.inFlight[1:]
	data := f.data
	if rapid.IntRange(0, 5).Draw(t, "hook") == 0 {
		data = drawOp(t, a.typ.Name(), "replacement")
	}
	offset, taken := a.accept(t, "ann", f.seq, min(f.base, a.state.Offset()), data)
	at := protocol.Position{Offset: offset, Term: "t"}
	if rapid.IntRange(0, 4).Draw(t, "tells no offset") == 0 {
		at = protocol.Position{}
	}
	a.answers = append(a.answers, answer{f.key, !taken, at})
}

func (a *table) answer() (change doc.Change, confirmed []doc.Confirmation) {
	if len(a.answers) == 0 {
		return change, nil
	}
	next := a.answers[0]
	a.answers = a.answers[1:]
	if next.rejected {
		a.input.Drop = next.key
		a.twin.drop(next.key)
		return a.replica.Drop(next.key), nil
	}
	a.input.Acknowledged = &replicaAcknowledged{next.key, next.at.Offset, next.at.Term}
	for _, p := range a.twin.pending {
		if p.key == next.key {
			p.acknowledged, p.at = true, next.at
		}
	}
	if next.at.Offset > 0 && next.at.Offset <= a.replica.Offset() {
		confirmed = a.twin.confirm(
			func(p *twinOp) bool { return p.key == next.key },
			func(*twinOp) protocol.Position { return next.at })
	}
	return a.replica.Acknowledge(next.key, next.at), confirmed
}

func (a *table) deliver(t *rapid.T) (change doc.Change, confirmed []doc.Confirmation) {
	frame := a.log[a.delivered:]
	frame = frame[:rapid.IntRange(0, len(frame)).Draw(t, "frame")]
	a.delivered += len(frame)
	a.input.Entries = frame
	for _, e := range frame {
		confirmed = append(confirmed, a.twin.confirm(
			func(p *twinOp) bool { return p.sent.Seq > 0 && p.sent.Client == e.Client && p.sent.Seq == e.Seq },
			func(*twinOp) protocol.Position { return e.Position() })...)
	}
	a.twin.tail = append(a.twin.tail, frame...)
	return a.replica.Entries(frame), confirmed
}

func (a *table) snapshot(t *rapid.T, recovered bool) (doc.Change, []doc.Confirmation) {
	highest := uint64(0)
	for _, e := range a.log {
		if e.Client == "ann" {
			highest = e.Seq
		}
	}
	s := &protocol.Snapshot{Offset: a.state.Offset(), Term: "t", Cells: a.state.AppendCells(nil), Seqs: []protocol.ClientSeq{{Client: "bob", Seq: 99}}}
	if highest > 0 {
		s.Seqs = append(s.Seqs, protocol.ClientSeq{Client: "ann", Seq: highest})
	}
	a.delivered = len(a.log)
	a.twin.start, a.twin.tail = s, nil
	confirmed := a.twin.confirm(func(p *twinOp) bool {
		return p.sent.Seq > 0 && p.sent.Seq <= highest || recovered && p.acknowledged && p.at.Offset > 0 && p.at.Offset <= s.Offset
	}, func(p *twinOp) protocol.Position { return p.at })
	if !recovered {
		for _, p := range slices.Clone(a.twin.pending) {
			p.base = 0
			if p.acknowledged {
				a.lost = append(a.lost, p.key)
				a.twin.drop(p.key)
			}
		}
	}
	a.input.Snapshot, a.input.Recovered = s, &recovered
	change, err := a.replica.Snapshot(s, recovered)
	if err != nil {
		t.Fatal(err)
	}
	return change, confirmed
}

// lose begins the log anew; what was sent is sent again.
func (a *table) lose(t *rapid.T) (doc.Change, []doc.Confirmation) {
	a.log, a.state, a.answers = nil, doc.New(a.typ), nil
	for range rapid.IntRange(0, 2).Draw(t, "entries of the new log") {
		a.remote(t)
	}
	change, confirmed := a.snapshot(t, false)
	for _, f := range a.inFlight {
		f.base = 0
	}
	return change, confirmed
}

func (a *table) remote(t *rapid.T) {
	base := uint64(rapid.IntRange(0, len(a.log)).Draw(t, "base"))
	client := rapid.SampledFrom([]string{"", "bob", "cyd"}).Draw(t, "client")
	seq := uint64(0)
	if client != "" {
		seq = a.state.Offset() + 1
	}
	a.accept(t, client, seq, base, drawOp(t, a.typ.Name(), "remote"))
}

func (a *table) cancel(t *rapid.T) doc.Change {
	if len(a.unsent) == 0 {
		return doc.Change{}
	}
	i := rapid.IntRange(0, len(a.unsent)-1).Draw(t, "which")
	f := a.unsent[i]
	a.unsent = slices.Delete(a.unsent, i, i+1)
	a.twin.drop(f.key)
	a.input.Drop = f.key
	return a.replica.Drop(f.key)
}

// TestReplicaTwin compares a replica with its twin after every step of what
// happens to a client: own operations, sent, rejected, replaced and cancelled,
// answers before and after entries, snapshots, a log that is lost.
func TestReplicaTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newTable(lookup(t)).walk(t, func(doc.Change) {}) })
}

func newTable(typ doc.Type) *table {
	a := &table{
		typ: typ, state: doc.New(typ), replica: doc.NewReplica(typ),
		twin: &twin{typ: typ, client: "ann", start: &protocol.Snapshot{Cells: jsontext.Value("[]")}},
	}
	a.replica.Identify("ann")
	return a
}

func (a *table) walk(t *rapid.T, told func(doc.Change)) {
	for range rapid.IntRange(1, 30).Draw(t, "steps") {
		before := a.twin.shown(t)
		a.input, a.lost = replicaStep{}, nil
		change, confirmed := a.step(t)
		a.compare(t, before, change, confirmed)
		told(change)
	}
}

func (a *table) step(t *rapid.T) (change doc.Change, confirmed []doc.Confirmation) {
	switch rapid.IntRange(0, 13).Draw(t, "step") {
	case 0, 1, 2:
		change = a.mutate(t)
	case 3, 4:
		a.send()
	case 5, 6:
		a.serve(t)
	case 7:
		change, confirmed = a.answer()
	case 8, 9:
		a.remote(t)
	case 10:
		change = a.cancel(t)
	case 11:
		change, confirmed = a.snapshot(t, true)
	case 12:
		if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
			change, confirmed = a.lose(t)
		}
	default:
		change, confirmed = a.deliver(t)
	}
	return change, confirmed
}

func (a *table) compare(t *rapid.T, before map[string]doc.Cell, change doc.Change, confirmed []doc.Confirmation) {
	want := a.twin.shown(t)
	got := maps.Collect(a.replica.All())
	if g, w := a.text(got), a.text(want); g != w {
		t.Fatalf("shown is %s\nwant %s", g, w)
	}
	for key := range before {
		if g, w := a.text(map[string]doc.Cell{key: a.replica.Get(key)}), a.text(map[string]doc.Cell{key: want[key]}); g != w {
			t.Fatalf("Get is %s\nwant %s", g, w)
		}
	}
	var keys []string
	all := maps.Clone(before)
	maps.Copy(all, want)
	for key := range all {
		if (before[key] == nil) != (want[key] == nil) || before[key] != nil && !a.typ.Same(before[key], want[key]) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	slices.Sort(change.Keys)
	if !slices.Equal(keys, change.Keys) {
		t.Fatalf("told were the keys %q\nwant %q", change.Keys, keys)
	}
	if !slices.Equal(change.Confirmed, confirmed) {
		t.Fatalf("confirmed were %v\nwant %v", change.Confirmed, confirmed)
	}
	if !slices.Equal(change.Lost, a.lost) {
		t.Fatalf("lost were %v\nwant %v", change.Lost, a.lost)
	}
	if len(change.Faults) > 0 {
		t.Fatal(change.Faults)
	}
	if g, w := string(a.typ.AppendValue(nil, a.replica.AllConfirmed())), string(a.twin.document(t).AppendValue(nil)); g != w {
		t.Fatalf("the document is %s\nwant %s", g, w)
	}
	var pending []uint64
	for _, p := range a.twin.pending {
		pending = append(pending, p.key)
		if a.replica.Base(p.key) != p.base {
			t.Fatalf("the base of %d is %d, want %d", p.key, a.replica.Base(p.key), p.base)
		}
	}
	if !slices.Equal(a.replica.Pending(), pending) {
		t.Fatalf("pending are %v, want %v", a.replica.Pending(), pending)
	}
}

func (a *table) text(cells map[string]doc.Cell) string {
	text := ""
	for _, key := range slices.Sorted(maps.Keys(cells)) {
		if cells[key] != nil {
			text += fmt.Sprintf("%q: %s\n", key, a.typ.AppendCell(nil, cells[key]))
		}
	}
	return text
}
