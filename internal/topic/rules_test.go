package topic

import (
	"bytes"
	"testing"
	"time"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	alice = "client-000000000000000A"
	bob   = "client-000000000000000B"
)

// act is one step of a scenario, and how it must be judged.
type act struct {
	later     time.Duration // since the step before
	connected uint64        // the client's run, as the hub knows it
	command   Command
	want      Verdict
	end       func(*desk) // what happens then; nil: the round is kept
}

// desk is a sequencer over a shelf.
type desk struct {
	t     *testing.T
	shelf *shelf
	s     *Sequencer
	now   time.Time
}

func newDesk(t *testing.T) *desk {
	return &desk{t: t, shelf: &shelf{rows: make(map[string][]byte)}, s: NewSequencer(term, State{}), now: start}
}

func (d *desk) judge(connected uint64, c Command) Verdict {
	if c.Data == nil {
		c.Data = []byte(`1`)
	}
	if c.Client != "" && c.Born.IsZero() {
		c.Born = start
	}
	if c.Client != "" && c.Run == 0 {
		c.Run = 1
	}
	if key := c.RowKey(); key != "" {
		if _, known := d.s.Row(key); !known {
			d.s.Learn(key, d.shelf.rows[key])
		}
	}
	return d.s.Judge(d.now, connected, &c)
}

func keep(d *desk) {
	if batch, any := d.s.Batch(); any {
		d.shelf.put(d.t, batch, d.s.term)
	}
	d.s.Commit()
}

func drop(d *desk) { d.s.Drop() }

// on leaves the round open.
func on(*desk) {}

// takeover keeps the round, and lets a sequencer of another run go on.
func takeover(d *desk) {
	keep(d)
	d.s = d.shelf.sequencer(d.t, otherTerm)
}

func accepted(offset uint64) Verdict { return Verdict{Kind: Accepted, Offset: offset, Term: term} }

func repeated(offset uint64) Verdict { return Verdict{Kind: Repeated, Offset: offset, Term: term} }

func gap(expected uint64) Verdict { return Verdict{Kind: Gap, Expected: expected} }

func rejected(code protocol.Code) Verdict {
	return Verdict{Kind: Rejected, Err: protocol.Errorf(code, "")}
}

func refused(code protocol.Code) Verdict {
	return Verdict{Kind: Refused, Err: protocol.Errorf(code, "")}
}

func entry(client string, seq uint64, voids ...protocol.Range) Command {
	return Command{Client: client, Seq: seq, Voids: voids}
}

func denied(c Command, code protocol.Code) Command {
	c.Denied = protocol.Errorf(code, "")
	return c
}

func ofRun(c Command, run uint64) Command {
	c.Run = run
	return c
}

func keyed(key string, body byte) Command {
	return Command{Key: KeyKey("alice", key), Body: [32]byte{body}}
}

func TestPublish(t *testing.T) {
	const days = 24 * time.Hour
	for _, c := range []struct {
		name string
		acts []act
	}{
		{"PUB-3/offsets_without_holes", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{command: Command{}, want: accepted(2)},
			{command: entry(bob, 1), want: accepted(3)},
			{command: entry(alice, 2), want: accepted(4)},
		}},
		{"PUB-3/a_batch_of_many", []act{
			{command: entry(alice, 1), want: accepted(1), end: on},
			{command: entry(alice, 2), want: accepted(2), end: on},
			{command: entry(bob, 1), want: accepted(3)},
			{command: entry(alice, 2), want: repeated(2)},
		}},
		{"PUB-4/gap", []act{
			{command: entry(alice, 2), want: gap(1)},
			{command: entry(alice, 1), want: accepted(1)},
			{command: entry(alice, 3), want: gap(2)},
			{command: entry(alice, 2), want: accepted(2)},
			{command: entry(bob, 5), want: gap(1)},
		}},
		{"PUB-4/a_gap_of_the_same_round", []act{
			{command: entry(alice, 1), want: accepted(1), end: on},
			{command: entry(alice, 3), want: gap(2), end: on},
			{command: entry(alice, 2), want: accepted(2)},
		}},
		{"PUB-5/a_repeat_is_acknowledged_again", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{command: entry(alice, 1), want: repeated(1)},
			{command: entry(bob, 1), want: accepted(2)},
			{command: entry(alice, 1), want: repeated(1)},
		}},
		{"PUB-5/a_repeat_within_a_round", []act{
			{command: entry(alice, 1), want: accepted(1), end: on},
			{command: entry(alice, 1), want: repeated(1)},
		}},
		{"PUB-5/even_without_rights", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{command: denied(entry(alice, 1), protocol.Forbidden), want: repeated(1)},
			{command: denied(entry(alice, 2), protocol.Forbidden), want: rejected(protocol.Forbidden)},
		}},
		{"PUB-5/with_the_term_that_wrote_it", []act{
			{command: entry(alice, 1), want: accepted(1), end: takeover},
			{command: entry(alice, 2), want: Verdict{Kind: Accepted, Offset: 2, Term: otherTerm}},
			{command: entry(alice, 1), want: repeated(1)},
			{command: entry(alice, 2), want: Verdict{Kind: Repeated, Offset: 2, Term: otherTerm}},
		}},
		{"PUB-6/refused_settles_nothing", []act{
			{command: denied(entry(alice, 1), protocol.RateLimited), want: refused(protocol.RateLimited)},
			{command: entry(alice, 2), want: gap(1)},
			{command: entry(alice, 1), want: accepted(1)},
		}},
		{"PUB-7/a_rejected_seq_is_voided", []act{
			{command: denied(entry(alice, 1), protocol.Rejected), want: rejected(protocol.Rejected)},
			{command: entry(alice, 2), want: gap(1)},
			{command: entry(alice, 2, protocol.Range{1, 1}), want: accepted(1)},
			{command: entry(alice, 1), want: rejected(protocol.Rejected)},
			{command: entry(alice, 2), want: repeated(1)},
		}},
		{"PUB-7/a_seq_that_was_accepted_is_not_voided", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{command: entry(alice, 3, protocol.Range{1, 2}), want: accepted(2)},
			{command: entry(alice, 1), want: repeated(1)},
			{command: entry(alice, 2), want: rejected(protocol.Rejected)},
		}},
		{"PUB-7/ranges_that_leave_a_hole", []act{
			{command: entry(alice, 8, protocol.Range{1, 3}, protocol.Range{5, 7}), want: gap(4)},
			{command: entry(alice, 8, protocol.Range{2, 7}), want: gap(1)},
			{command: entry(alice, 8, protocol.Range{1, 6}), want: gap(7)},
			{command: entry(alice, 8, protocol.Range{1, 3}, protocol.Range{4, 7}), want: accepted(1)},
		}},
		{"PUB-8/what_was_pipelined_behind_it_bounces", []act{
			{command: entry(alice, 1), want: accepted(1), end: on},
			{command: denied(entry(alice, 2), protocol.Forbidden), want: rejected(protocol.Forbidden), end: on},
			{command: entry(alice, 3), want: gap(2), end: on},
			{command: entry(alice, 4), want: gap(2)},
			{command: entry(alice, 3, protocol.Range{2, 2}), want: accepted(2)},
			{command: entry(alice, 4), want: accepted(3)},
		}},
		{"PUB-9/a_lower_run_is_refused", []act{
			{command: ofRun(entry(alice, 1), 2), want: accepted(1)},
			{command: ofRun(entry(alice, 2), 1), want: refused(protocol.StaleRun)},
			{connected: 4, command: ofRun(entry(alice, 2), 3), want: refused(protocol.StaleRun)},
			{connected: 4, command: ofRun(entry(alice, 1), 3), want: refused(protocol.StaleRun)},
			{connected: 4, command: ofRun(entry(alice, 2), 4), want: accepted(2)},
			{command: ofRun(entry(bob, 1), 1), want: accepted(3)},
		}},
		{"PUB-10/a_log_that_went_back", []act{
			{command: entry(alice, 1), want: accepted(1), end: drop},
			{command: entry(alice, 2), want: gap(1)},
			{command: entry(alice, 2, protocol.Range{1, 1}), want: accepted(1)},
		}},
		{"PUB-2/duplicate_before_rights_before_gap", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{command: denied(entry(alice, 1), protocol.TokenExpired), want: repeated(1)},
			{command: denied(entry(alice, 9), protocol.TokenExpired), want: refused(protocol.TokenExpired)},
		}},

		{"KEY-1/a_repeat_appends_nothing", []act{
			{command: keyed("k", 1), want: accepted(1)},
			{command: keyed("k", 1), want: repeated(1)},
			{command: keyed("l", 1), want: accepted(2)},
		}},
		{"KEY-1/of_another_user", []act{
			{command: keyed("k", 1), want: accepted(1)},
			{command: Command{Key: KeyKey("bob", "k"), Body: [32]byte{1}}, want: accepted(2)},
		}},
		{"KEY-1/another_body", []act{
			{command: keyed("k", 1), want: accepted(1)},
			{command: keyed("k", 2), want: rejected(protocol.IdempotencyConflict)},
			{command: keyed("k", 1), want: repeated(1)},
		}},
		{"KEY-1/for_a_day", []act{
			{command: keyed("k", 1), want: accepted(1)},
			{later: 24 * time.Hour, command: keyed("k", 1), want: repeated(1)},
			{later: time.Second, command: keyed("k", 2), want: accepted(2)},
		}},
		{"KEY-1/a_repeat_without_rights", []act{
			{command: denied(keyed("k", 1), protocol.Forbidden), want: rejected(protocol.Forbidden)},
			{command: keyed("k", 1), want: accepted(1)},
			{command: denied(keyed("k", 1), protocol.Forbidden), want: repeated(1)},
		}},

		{"CLIENT-4/forgotten_after_30_days", []act{
			{command: entry(alice, 1), want: accepted(1)},
			{later: 30 * days, command: entry(alice, 2), want: accepted(2)},
			{later: 30 * days, command: entry(alice, 2), want: repeated(2)},
			{later: time.Second, command: entry(alice, 3), want: rejected(protocol.ClientExpired)},
		}},
		{"CLIENT-4/an_old_client_is_new_here", []act{
			{command: Command{Client: alice, Seq: 1, Born: start.Add(-30 * days)}, want: accepted(1)},
			{command: Command{Client: bob, Seq: 1, Born: start.Add(-31 * days)}, want: rejected(protocol.ClientExpired)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			for i, a := range c.acts {
				d.now = d.now.Add(a.later)
				if got := d.judge(a.connected, a.command); !same(got, a.want) {
					t.Fatalf("step %d is judged %+v, want %+v", i+1, got, a.want)
				}
				if a.end == nil {
					a.end = keep
				}
				a.end(d)
			}
		})
	}
}

func TestPublish_PUB_5_remembers_the_offsets_of_the_latest_64(t *testing.T) {
	d := newDesk(t)
	for seq := uint64(1); seq <= 100; seq++ {
		if got := d.judge(0, entry(alice, seq)); !same(got, accepted(seq)) {
			t.Fatalf("seq %d: %+v", seq, got)
		}
		keep(d)
	}
	for seq := uint64(1); seq <= 100; seq++ {
		want := repeated(seq)
		if seq <= 36 {
			want = Verdict{Kind: Repeated}
		}
		if got := d.judge(0, entry(alice, seq)); !same(got, want) {
			t.Errorf("seq %d: %+v, want %+v", seq, got, want)
		}
	}
	if row := d.shelf.rows[ClientKey(alice)]; len(row) > 256 {
		t.Errorf("the row has %d bytes", len(row))
	}
}

func TestPublish_PUB_7_huge_ranges_cost_nothing(t *testing.T) {
	d := newDesk(t)
	const last = protocol.MaxOffset
	if got := d.judge(0, entry(alice, last, protocol.Range{1, last - 1})); !same(got, accepted(1)) {
		t.Fatalf("got %+v", got)
	}
	keep(d)
	if got := d.judge(0, entry(alice, last-1)); got.Kind != Rejected {
		t.Errorf("a void seq is judged %+v", got)
	}
}

// A damaged row stops its own client alone, and is not written over.
func TestPublish_damaged_row(t *testing.T) {
	d := newDesk(t)
	damaged := []byte{9, 9, 9}
	d.shelf.rows[ClientKey(alice)] = damaged
	d.shelf.rows[KeyKey("alice", "k")] = damaged
	for _, c := range []Command{entry(alice, 1), keyed("k", 1)} {
		if got := d.judge(0, c); !same(got, refused(protocol.Internal)) {
			t.Errorf("got %+v", got)
		}
	}
	if got := d.judge(0, entry(bob, 1)); !same(got, accepted(1)) {
		t.Errorf("bob: %+v", got)
	}
	keep(d)
	if !bytes.Equal(d.shelf.rows[ClientKey(alice)], damaged) {
		t.Error("the damaged row was changed")
	}
}

func TestEntry_ENTRY_4_time_never_goes_back(t *testing.T) {
	d := newDesk(t)
	d.judge(0, entry(alice, 1))
	keep(d)
	d.now = d.now.Add(-time.Hour)
	d.judge(0, entry(alice, 2))
	drop(d)
	d.judge(0, entry(alice, 2))
	takeover(d)
	d.judge(0, entry(alice, 3))
	keep(d)
	for i, stored := range d.shelf.entries {
		e, err := protocol.ParseEntry(stored)
		if err != nil || e.Time != start.UnixMilli() {
			t.Errorf("entry %d has the time %d, want %d (%v)", i+1, e.Time, start.UnixMilli(), err)
		}
	}
}

func TestEntry_ENTRY_4_as_it_was_published(t *testing.T) {
	d := newDesk(t)
	c := entry(alice, 3, protocol.Range{1, 2})
	c.Name, c.Data, c.Author = "note", []byte(` {"a" : "\u00e9" }`), &protocol.Author{Sub: "a", Name: "A\n\""}
	d.judge(0, c)
	keep(d)
	e, err := protocol.ParseEntry(d.shelf.entries[0])
	if err != nil {
		t.Fatal(err)
	}
	if e.Offset != 1 || e.Term != term || e.Client != alice || e.Seq != 3 || len(e.Voids) != 1 || e.Voids[0] != [2]uint64{1, 2} ||
		e.Name != "note" || *e.Author != *c.Author || !bytes.Contains(d.shelf.entries[0], c.Data) {
		t.Errorf("the entry is %s", d.shelf.entries[0])
	}
}

func TestForget(t *testing.T) {
	d := newDesk(t)
	d.judge(0, entry(alice, 1))
	d.judge(0, keyed("k", 1))
	keep(d)
	client, key := d.shelf.rows[ClientKey(alice)], d.shelf.rows[KeyKey("alice", "k")]
	for _, c := range []struct {
		name  string
		key   string
		value []byte
		after time.Duration
		want  bool
	}{
		{"CLIENT-4/within_30_days", ClientKey(alice), client, Memory, false},
		{"CLIENT-4/after", ClientKey(alice), client, Memory + time.Second, true},
		{"KEY-1/within_a_day", KeyKey("alice", "k"), key, KeyMemory, false},
		{"KEY-1/after", KeyKey("alice", "k"), key, KeyMemory + time.Second, true},
		{"a_damaged_row_is_kept", ClientKey(alice), []byte{7}, 99 * Memory, false},
		{"a_row_of_another_kind_is_kept", "x", client, 99 * Memory, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Forgotten(c.key, c.value, start.Add(c.after)); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	d.s.Forget(ClientKey(alice))
	keep(d)
	if _, ok := d.shelf.rows[ClientKey(alice)]; ok {
		t.Error("the row is still there")
	}
	if got := d.judge(0, entry(alice, 2)); !same(got, gap(1)) {
		t.Errorf("after it was forgotten: %+v", got)
	}
}

func TestSettled(t *testing.T) {
	d := newDesk(t)
	d.judge(0, entry(alice, 3, protocol.Range{1, 2}))
	keep(d)
	value := d.shelf.rows[ClientKey(alice)]
	for _, c := range []struct {
		value []byte
		seq   uint64
		after time.Duration
		want  bool
	}{
		{value, 1, 0, true},
		{value, 3, 0, true},
		{value, 4, 0, false},
		{value, 3, Memory + time.Second, false},
		{nil, 1, 0, false},
		{[]byte{9}, 1, 0, false},
	} {
		if got := Settled(c.value, c.seq, start.Add(c.after)); got != c.want {
			t.Errorf("seq %d of %v after %v: %v", c.seq, c.value, c.after, got)
		}
	}
}

func TestTermAt(t *testing.T) {
	terms := []store.TermStart{{Term: "a", Offset: 3}, {Term: "b", Offset: 7}}
	for offset, want := range map[uint64]string{0: "", 2: "", 3: "a", 6: "a", 7: "b", 99: "b"} {
		if got := TermAt(terms, offset); got != want {
			t.Errorf("at %d: %q, want %q", offset, got, want)
		}
	}
}
