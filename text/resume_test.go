package text

import (
	"reflect"
	"slices"
	"testing"
)

// That a session which goes on from what was kept shows what the naive engine
// does, in every state, is in TestSession.

func TestResume_goes_on_with_the_keys_that_there_were(t *testing.T) {
	before := NewSession("ann")
	if _, err := before.Open(Snapshot{Text: "abc", Bar: 4, Length: 3}, func(uint64) bool { return false }, true); err != nil {
		t.Fatal(err)
	}
	snapshot, _ := before.Snapshot()
	key := mustLocal(t, before, Insert(3, "d"))
	before.Acknowledge(key)
	entries := []Entry{{Offset: 5, Client: "bob", Base: 4, Op: Delete(0, 1)}}
	mustReceive(t, before, entries[0], 0)
	mustLocal(t, before, Insert(0, "x"))

	s, unfit, err := Resume(Kept{Client: "ann", Snapshot: &snapshot, Entries: entries, Pending: before.Pending()})
	if err != nil || len(unfit) > 0 || s.String() != "xbcd" || s.Offset() != 5 || !reflect.DeepEqual(s.Pending(), before.Pending()) {
		t.Fatalf("it is %q at %d with %v, without %v, %v", s.String(), s.Offset(), s.Pending(), unfit, err)
	}
	if step := mustReceive(t, s, Entry{Offset: 6, Client: "ann", Base: 4, Op: Insert(3, "d")}, key); step.Confirmed != key || len(step.Op) > 0 {
		t.Errorf("its entry is %+v", step)
	}
	if _, _, err := s.Undo(); err != nil || s.String() != "bcd" {
		t.Errorf("without the last edit it is %q, %v", s.String(), err)
	}
}

func TestResume_pending_may_be_older_than_the_snapshot(t *testing.T) {
	kept := Kept{
		Client: "ann",
		Snapshot: &Snapshot{Text: "cdX", Bar: 3, Length: 4, Entries: []Entry{
			{Offset: 4, Client: "bob", Base: 3, Op: Delete(0, 2)},
			{Offset: 5, Client: "ann", Base: 3, Op: Insert(4, "X")},
		}},
		Pending: []Pending{{Key: 7, Base: 3, Op: Op{{At: 3, Delete: 2, Insert: "Y"}}}},
	}
	s, unfit, err := Resume(kept)
	if err != nil || len(unfit) > 0 || s.String() != "cY" || s.Offset() != 5 || !reflect.DeepEqual(s.Pending(), kept.Pending) {
		t.Errorf("it is %q at %d with %v, without %v, %v", s.String(), s.Offset(), s.Pending(), unfit, err)
	}
}

func TestResume_what_does_not_fit_is_told(t *testing.T) {
	s, unfit, err := Resume(Kept{Pending: []Pending{
		{Key: 1, Op: Insert(0, "a")},
		{Key: 2, Op: Insert(9, "b")},
		{Key: 3, Op: Insert(1, "c")},
		{Key: 4, Base: 3, Op: Insert(0, "d")},
	}})
	if err != nil || s.String() != "ac" || !slices.Equal(unfit, []uint64{2, 4}) {
		t.Errorf("it is %q without %v, %v", s.String(), unfit, err)
	}
	_, unfit, err = Resume(Kept{Snapshot: &Snapshot{Text: "a", Bar: 3, Length: 1}, Pending: []Pending{{Key: 1, Base: 2}}})
	if err != nil || !slices.Equal(unfit, []uint64{1}) {
		t.Errorf("older than the bar, %v do not fit, %v", unfit, err)
	}
	if _, _, err := Resume(Kept{Snapshot: &Snapshot{Text: "a", Bar: 3, Length: 2}}); CodeOf(err) != BadUpdate {
		t.Errorf("what is no snapshot is %v", err)
	}
	if _, _, err := Resume(Kept{Entries: []Entry{{Offset: 2}}}); CodeOf(err) != BadOperation {
		t.Errorf("an entry that is not the next is %v", err)
	}
}

func TestSession_Snapshot_waits_for_what_is_older_than_the_newest_entry(t *testing.T) {
	s := NewSession("ann")
	key := mustLocal(t, s, Insert(0, "a"))
	if got, ok := s.Snapshot(); !ok || got.Text != "" || len(got.Entries) > 0 {
		t.Errorf("before any entry it is %+v, %t", got, ok)
	}
	mustReceive(t, s, Entry{Offset: 1, Client: "bob", Op: Insert(0, "b")}, 0)
	if got, ok := s.Snapshot(); ok {
		t.Errorf("while there is something older it is %+v", got)
	}
	mustReceive(t, s, Entry{Offset: 2, Client: "ann", Op: Insert(0, "a")}, key)
	if got, ok := s.Snapshot(); !ok || got.Text != "ab" || len(got.Entries) != 2 {
		t.Errorf("then it is %+v, %t", got, ok)
	}
}

func mustLocal(t *testing.T, s *Session, op Op) uint64 {
	t.Helper()
	key, err := s.Local(op, Join{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustReceive(t *testing.T, s *Session, e Entry, own uint64) Step {
	t.Helper()
	step, err := s.Receive(e, own)
	if err != nil {
		t.Fatal(err)
	}
	return step
}
