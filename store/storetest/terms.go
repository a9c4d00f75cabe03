package storetest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tuttisync/tutti/store"
)

func testTerms(t *testing.T, b Backend) {
	place := b.New(t)
	var want []store.TermStart
	for run := range 4 {
		log := open(t, place)
		term := log.Term()
		if raw, err := base64.RawURLEncoding.DecodeString(term); err != nil || len(raw) != 8 {
			t.Fatalf("term %q: %v", term, err)
		}
		if slices.ContainsFunc(want, func(s store.TermStart) bool { return s.Term == term }) {
			t.Fatalf("term %q was used before", term)
		}
		// A run that changes only rows leaves no term.
		mustAppend(t, log, "a", store.Batch{After: lastOf(t, log, "a"), Rows: []store.Row{{Key: "run", Value: fmt.Append(nil, run)}}})
		if run != 2 {
			last := lastOf(t, log, "a")
			mustAppend(t, log, "a", batch(last, "x", "y"))
			mustAppend(t, log, "a", batch(last+2, "z"))
			want = append(want, store.TermStart{Term: term, Offset: last + 1})
		}
		checkTerms(t, log, want)
		closeLog(t, log)
	}
	log := open(t, place)
	checkTerms(t, log, want) // offsets 1, 4, 7; the head is 9
	for _, before := range []uint64{4, 5, 7, 8, 10, 99} {
		if err := log.Truncate(t.Context(), "a", before); err != nil {
			t.Fatal(err)
		}
		checkTerms(t, log, want)
	}
	if terms, err := log.Terms(t.Context(), "never"); err != nil || len(terms) > 0 {
		t.Errorf("terms of a topic never written to: %v, %v", terms, err)
	}
}

// testEndedTerms has more runs than a log must know of.
func testEndedTerms(t *testing.T, b Backend) {
	place := b.New(t)
	var all []store.TermStart
	for run := range uint64(store.EndedTerms + 3) {
		log := open(t, place)
		mustAppend(t, log, "a", batch(run, "x"))
		all = append(all, store.TermStart{Term: log.Term(), Offset: run + 1})
		if err := log.Truncate(t.Context(), "a", run+1); err != nil {
			t.Fatal(err)
		}
		terms, err := log.Terms(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		needed := min(len(all), store.EndedTerms+2) // with the run before, which wrote First-1, and this one
		if n := len(terms); n < needed || n > len(all) || !slices.Equal(terms, all[len(all)-n:]) {
			t.Fatalf("terms %v, want the last %d of %v", terms, needed, all)
		}
		closeLog(t, log)
	}
}

func checkTerms(t testing.TB, log store.Log, want []store.TermStart) {
	t.Helper()
	terms, err := log.Terms(t.Context(), "a")
	if err != nil || !slices.Equal(terms, want) {
		t.Errorf("terms %v, %v; want %v", terms, err, want)
	}
	head, err := log.Head(t.Context(), "a")
	if err != nil || head.Term != want[len(want)-1].Term {
		t.Errorf("head %+v, %v; want the term of %v", head, err, want)
	}
}

// testRollback keeps a position in a log, restores a backup from before it and
// writes on, past the position. The position must be seen to be another log's,
// and positions from before the backup to be still good.
func testRollback(t *testing.T, b Backend) {
	place := b.New(t)
	log := open(t, place)
	mustAppend(t, log, "a", batch(0, "1", "2", "3"))
	before := position{log.Term(), 3}
	closeLog(t, log)
	backup := place.Copy()

	log = open(t, place)
	mustAppend(t, log, "a", batch(3, "4", "5"))
	beyond := position{log.Term(), 5}
	if !beyond.valid(t, log) || !before.valid(t, log) {
		t.Fatalf("a position is not valid in its own log")
	}
	closeLog(t, log)

	log = open(t, backup)
	if beyond.valid(t, log) {
		t.Errorf("a position past the restored head is valid")
	}
	mustAppend(t, log, "a", batch(3, "4'", "5'", "6'"))
	if beyond.valid(t, log) {
		t.Errorf("a position in the lost part of the log is valid in what was written since")
	}
	if !before.valid(t, log) {
		t.Errorf("a position from before the backup is not valid")
	}
	if diff := cmp.Diff([]string{"1:1", "2:2", "3:3", "4:4'", "5:5'", "6:6'"}, all(t, log, "a")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// position is where a reader stands, as it keeps it.
type position struct {
	term   string
	offset uint64
}

// valid says whether the log has the position's term at its offset.
func (p position) valid(t testing.TB, log store.Log) bool {
	t.Helper()
	terms, err := log.Terms(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	term := ""
	for _, s := range terms {
		if s.Offset <= p.offset {
			term = s.Term
		}
	}
	return p.offset <= lastOf(t, log, "a") && term == p.term
}
