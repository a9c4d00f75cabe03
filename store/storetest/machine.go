package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/store"
)

// machine drives a store and its twin through the same calls, with restarts and
// crashes between them.
type machine struct {
	t     testing.TB
	place Place
	log   store.Log
	twin  *twin
}

// names are few, so that calls meet, and such that they sort in odd ways.
var (
	names    = rapid.SampledFrom([]string{"a", "a\x00", "a\x00\x01", "a\xff", "b"})
	keys     = rapid.SampledFrom([]string{"k", "k\x00", "k\xff", "l", "\x00"})
	prefixes = rapid.SampledFrom([]string{"", "a", "a\x00", "b", "c"})
)

func testMachine(t *testing.T, b Backend) {
	rapid.Check(t, func(r *rapid.T) {
		m := &machine{t: t, place: b.New(t), twin: newTwin()}
		m.open(r)
		defer func() { _ = m.log.Close() }() // also when the check was given up
		r.Repeat(map[string]func(*rapid.T){
			"append":   m.append,
			"truncate": m.truncate,
			"redact":   m.redact,
			"snapshot": m.snapshot,
			"read":     m.read,
			"list":     m.list,
			"restart":  m.restart,
			"crash":    m.crash,
			"":         m.agree,
		})
	})
}

func (m *machine) open(r *rapid.T) {
	log, err := m.place.Open()
	if err != nil {
		r.Fatalf("open: %v", err)
	}
	m.log = log
}

// offset draws an offset that is near the topic's head.
func (m *machine) offset(r *rapid.T, name string) uint64 {
	return rapid.Uint64Range(0, m.twin.topic(name).last()+2).Draw(r, "offset")
}

func (m *machine) append(r *rapid.T) {
	name := names.Draw(r, "topic")
	b := store.Batch{After: m.twin.topic(name).last()}
	if rapid.IntRange(0, 4).Draw(r, "misfit") == 0 {
		b.After = m.offset(r, name)
	}
	for range rapid.IntRange(0, 4).Draw(r, "entries") {
		b.Entries = append(b.Entries, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "data"))
	}
	for range rapid.IntRange(0, 3).Draw(r, "rows") {
		row := store.Row{Key: keys.Draw(r, "key")}
		if rapid.IntRange(0, 3).Draw(r, "set") > 0 {
			row.Value = append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(r, "value")...)
		}
		b.Rows = append(b.Rows, row)
	}
	err := m.log.Append(m.t.Context(), name, b)
	taken := m.twin.append(name, m.log.Term(), b)
	if taken && err != nil || !taken && !errors.Is(err, store.ErrConflict) {
		r.Fatalf("append to %q after %d: %v; the twin took it: %v", name, b.After, err, taken)
	}
}

func (m *machine) truncate(r *rapid.T) {
	name := names.Draw(r, "topic")
	before := m.offset(r, name)
	m.twin.truncate(name, before)
	if err := m.log.Truncate(m.t.Context(), name, before); err != nil {
		r.Fatalf("truncate: %v", err)
	}
}

func (m *machine) redact(r *rapid.T) {
	name := names.Draw(r, "topic")
	offset, data := m.offset(r, name), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "data")
	err := m.log.Redact(m.t.Context(), name, offset, data)
	taken := m.twin.redact(name, offset, data)
	if taken && err != nil || !taken && !errors.Is(err, store.ErrMissing) {
		r.Fatalf("redact %d of %q: %v; the twin took it: %v", offset, name, err, taken)
	}
}

func (m *machine) snapshot(r *rapid.T) {
	name := names.Draw(r, "topic")
	s := store.Snapshot{Offset: m.offset(r, name), Data: rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(r, "data")}
	err := m.log.PutSnapshot(m.t.Context(), name, s)
	if taken := m.twin.putSnapshot(name, s); taken != (err == nil) {
		r.Fatalf("put snapshot of %d: %v; the twin took it: %v", s.Offset, err, taken)
	}
}

func (m *machine) read(r *rapid.T) {
	name := names.Draw(r, "topic")
	after, limit, maxBytes := m.offset(r, name), rapid.IntRange(1, 5).Draw(r, "limit"), rapid.IntRange(0, 40).Draw(r, "bytes")
	entries, err := m.log.Read(m.t.Context(), name, after, limit, maxBytes)
	same(r, "entries", m.twin.topic(name).read(after, limit, maxBytes), entries, err)

	most := m.offset(r, name)
	want := m.twin.topic(name).snapshot
	if most > 0 && want.Offset > most {
		want = store.Snapshot{}
	}
	got, err := m.log.Snapshot(m.t.Context(), name, most)
	same(r, "snapshot", want, got, err)
}

func (m *machine) list(r *rapid.T) {
	limit := rapid.IntRange(1, 5).Draw(r, "limit")
	name, key := names.Draw(r, "topic"), keys.Draw(r, "after")
	rows, err := m.log.Rows(m.t.Context(), name, key, limit)
	same(r, "rows", m.twin.topic(name).listRows(key, limit), rows, err)
	value, err := m.log.Row(m.t.Context(), name, key)
	want, ok := m.twin.topic(name).rows[key]
	if err != nil || ok != (value != nil) || want != string(value) {
		r.Fatalf("row %q: %q, %v; want %q, %v", key, value, err, want, ok)
	}
	prefix, above := prefixes.Draw(r, "prefix"), names.Draw(r, "above")
	topics, err := m.log.Topics(m.t.Context(), prefix, above, limit)
	same(r, "topics", m.twin.list(prefix, above, limit), topics, err)
}

func (m *machine) restart(r *rapid.T) {
	if err := m.log.Close(); err != nil {
		r.Fatalf("close: %v", err)
	}
	m.open(r)
}

// crash cuts the power. All calls had returned, so all of it must be there.
func (m *machine) crash(r *rapid.T) {
	var rng *rand.Rand
	if rapid.Bool().Draw(r, "keep some") {
		rng = rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
	}
	next := m.place.Crash(rng)
	if err := m.log.Close(); err != nil {
		r.Fatalf("close: %v", err)
	}
	m.place = next
	m.open(r)
}

// agree compares heads, logs and terms of all topics.
func (m *machine) agree(r *rapid.T) {
	topics, err := m.log.Topics(m.t.Context(), "", "", 100)
	same(r, "topics", m.twin.list("", "", 100), topics, err)
	for _, name := range append(topics, "never") {
		w := m.twin.topic(name)
		head, err := m.log.Head(m.t.Context(), name)
		same(r, fmt.Sprintf("head of %q", name), store.Head{First: w.first, Last: w.last(), Term: w.term()}, head, err)
		entries, err := m.log.Read(m.t.Context(), name, 0, 1<<20, 1<<20)
		same(r, fmt.Sprintf("log of %q", name), w.read(0, 1<<20, 1<<20), entries, err)
		rows, err := m.log.Rows(m.t.Context(), name, "", 100)
		same(r, fmt.Sprintf("rows of %q", name), w.listRows("", 100), rows, err)
		terms, err := m.log.Terms(m.t.Context(), name)
		starts := w.starts()
		if n := len(terms); err != nil || n < w.needed() || n > len(starts) || !slices.Equal(terms, starts[len(starts)-n:]) {
			r.Fatalf("terms of %q: %v, %v; want the last %d or more of %v", name, terms, err, w.needed(), starts)
		}
	}
}

func same(r *rapid.T, what string, want, got any, err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}
