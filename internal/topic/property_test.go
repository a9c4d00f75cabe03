package topic

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	term      = "AAAAAAAAAAA"
	otherTerm = "BBBBBBBBBBB"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// shelf keeps what a sequencer's batches leave: the log and its rows, as a
// store would.
type shelf struct {
	entries [][]byte
	terms   []store.TermStart
	rows    map[string][]byte
}

// put appends a batch, and fails the test if it does not follow the log.
func (s *shelf) put(t fataler, batch store.Batch, term string) {
	if batch.After != uint64(len(s.entries)) {
		t.Fatalf("the batch follows %d, the log has %d entries", batch.After, len(s.entries))
	}
	if n := len(s.terms); len(batch.Entries) > 0 && (n == 0 || s.terms[n-1].Term != term) {
		s.terms = append(s.terms, store.TermStart{Term: term, Offset: batch.After + 1})
	}
	s.entries = append(s.entries, batch.Entries...)
	for _, r := range batch.Rows {
		if r.Value == nil {
			delete(s.rows, r.Key)
		} else {
			s.rows[r.Key] = r.Value
		}
	}
}

type fataler interface{ Fatalf(string, ...any) }

func (s *shelf) sequencer(t fataler, term string) *Sequencer {
	state := State{Head: uint64(len(s.entries)), Terms: s.terms}
	if n := len(s.entries); n > 0 {
		e, err := protocol.ParseEntry(s.entries[n-1])
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		state.LastTime = e.Time
	}
	return NewSequencer(term, state)
}

func same(a, b Verdict) bool {
	if (a.Err == nil) != (b.Err == nil) || (a.Err != nil && a.Err.Code != b.Err.Code) {
		return false
	}
	return a.Kind == b.Kind && a.Offset == b.Offset && a.Term == b.Term && a.Expected == b.Expected
}

// drawCommand makes commands of few clients and keys, so that they meet.
func drawCommand(t *rapid.T, now time.Time, clients int) *Command {
	c := &Command{Data: fmt.Appendf(nil, "%d", rapid.IntRange(0, 9).Draw(t, "data")), Author: &protocol.Author{Sub: "alice"}}
	if n := rapid.IntRange(0, 9).Draw(t, "denied"); n == 0 {
		c.Denied = protocol.Errorf(protocol.Forbidden, "")
	} else if n == 1 {
		c.Denied = protocol.Errorf(protocol.TokenExpired, "")
	}
	switch rapid.SampledFrom([]string{"client", "client", "client", "client", "key", "plain"}).Draw(t, "kind") {
	case "client":
		c.Client = fmt.Sprintf("client-%016d", rapid.IntRange(0, clients-1).Draw(t, "client"))
		c.Run = rapid.Uint64Range(1, 3).Draw(t, "run")
		c.Seq = rapid.Uint64Range(1, 80).Draw(t, "seq")
		if rapid.Bool().Draw(t, "low seq") {
			c.Seq = rapid.Uint64Range(1, 4).Draw(t, "seq")
		}
		c.Born = now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "age")) * 24 * time.Hour).Truncate(24 * time.Hour)
		last := uint64(0)
		for last+1 < c.Seq && rapid.Bool().Draw(t, "void") {
			from := rapid.Uint64Range(last+1, c.Seq-1).Draw(t, "from")
			to := rapid.Uint64Range(from, c.Seq-1).Draw(t, "to")
			c.Voids = append(c.Voids, protocol.Range{from, to})
			last = to
		}
	case "key":
		c.Key = KeyKey("alice", fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "key")))
		c.Body = sha256.Sum256(c.Data)
	}
	return c
}

// Whatever comes, in whatever rounds, kept or dropped or judged by a sequencer
// that has just taken the log over: the verdicts are the twin's, and so are the
// entries.
func TestSequencer_is_its_twin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		clients := rapid.IntRange(1, 3).Draw(t, "clients")
		if rapid.IntRange(0, 3).Draw(t, "crowd") == 0 {
			clients = 3 * cachedRows
		}
		shelf := &shelf{rows: make(map[string][]byte)}
		twin := newTwin(term)
		s := NewSequencer(term, State{})
		for range rapid.IntRange(1, 40).Draw(t, "rounds") {
			now = now.Add(drawWait(t))
			before := twin.clone()
			judgeSome(t, s, now, shelf, twin, clients)
			batch, any := s.Batch()
			switch rapid.SampledFrom([]string{"keep", "keep", "keep", "drop", "restart"}).Draw(t, "end") {
			case "keep":
				if any {
					shelf.put(t, batch, twin.term)
				}
				s.Commit()
			case "drop":
				s.Drop()
				twin = before
			case "restart":
				twin = before
				if twin.term = term; rapid.Bool().Draw(t, "another term") {
					twin.term = otherTerm
				}
				s = shelf.sequencer(t, twin.term)
			}
			if s.Head() != uint64(len(twin.log)) {
				t.Fatalf("head %d, want %d", s.Head(), len(twin.log))
			}
		}
		sameLogs(t, shelf, twin)
	})
}

// drawWait is mostly short, and now and then past what is remembered.
func drawWait(t *rapid.T) time.Duration {
	days := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, 2, 29, 31}).Draw(t, "days")
	return time.Duration(days)*24*time.Hour + time.Duration(rapid.IntRange(-2, 5).Draw(t, "seconds"))*time.Second
}

// judgeSome judges some commands, and compares the verdicts.
func judgeSome(t *rapid.T, s *Sequencer, now time.Time, shelf *shelf, twin *twin, clients int) {
	for range rapid.IntRange(0, 8).Draw(t, "commands") {
		c := drawCommand(t, now, clients)
		if key := c.RowKey(); key != "" {
			if _, known := s.Row(key); !known {
				s.Learn(key, shelf.rows[key])
			}
		}
		connected := rapid.Uint64Range(0, 3).Draw(t, "connected")
		got, want := s.Judge(now, connected, c), twin.judge(now, connected, c)
		if !same(got, want) {
			t.Fatalf("%+v of a client connected with run %d is judged %+v, want %+v", *c, connected, got, want)
		}
	}
}

func sameLogs(t *rapid.T, shelf *shelf, twin *twin) {
	if len(shelf.entries) != len(twin.log) {
		t.Fatalf("%d entries, want %d", len(shelf.entries), len(twin.log))
	}
	for i, stored := range shelf.entries {
		e, err := protocol.ParseEntry(stored)
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		got := twinEntry{term: e.Term, time: e.Time, data: string(e.Data)}
		if got != twin.log[i] || e.Offset != uint64(i+1) {
			t.Fatalf("entry %d is %+v at %d, want %+v", i+1, got, e.Offset, twin.log[i])
		}
	}
	for key, value := range shelf.rows {
		if key[0] != 'c' {
			continue
		}
		r, err := parseRow(value)
		if err != nil || !slices.Equal(r.append(nil), value) {
			t.Fatalf("row %q does not read as it was written: %v", value, err)
		}
	}
}
