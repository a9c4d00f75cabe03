package core

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

// storage is what outlives a client, as a database would hold it.
type storage struct {
	client *KeptClient
	topics map[string]KeptTopic
	rows   map[uint64]KeptEntry
	seen   map[uint64]bool   // keys of all entries that were ever here
	at     protocol.Position // of the document, as the application keeps it beside
	shown  uint64

	unwritten []write
	writing   int    // how many of those are being written, whole or not at all; 0: none
	written   uint64 // the latest batch that is here and was not told of; 0: none
	breaks    bool   // writes fail at times
	broken    bool   // writes fail now
	failed    bool   // the latest write did, which was not told
	failing   bool   // that was told, and nothing was told to be written since
}

// write is a batch on its way, and the document at that time.
type write struct {
	Keep
	at    protocol.Position
	shown uint64
}

func newStorage() *storage {
	return &storage{topics: map[string]KeptTopic{}, rows: map[uint64]KeptEntry{}, seen: map[uint64]bool{}}
}

// write ends a write. What could not be written is written with all that came since.
func (s *storage) write() {
	n := s.writing
	if s.writing, s.failed = 0, s.broken; s.broken {
		return
	}
	for _, next := range s.unwritten[:n] {
		s.put(next)
	}
	s.unwritten = s.unwritten[n:]
}

// put stores a batch.
func (s *storage) put(next write) {
	s.written, s.at, s.shown = next.Batch, next.at, next.shown
	if next.Client != nil {
		s.client = next.Client
	}
	maps.Copy(s.topics, next.Topics)
	for _, e := range next.Entries {
		s.rows[e.Key], s.seen[e.Key] = e, true
	}
	for _, key := range next.Gone {
		delete(s.rows, key)
	}
}

// restore is what the storage tells a new life.
func (s *storage) restore() Restore {
	r := Restore{Client: s.client, Topics: maps.Clone(s.topics)}
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		r.Entries = append(r.Entries, s.rows[key])
	}
	return r
}

// holds says whether an entry is here as it is sent, with the voids that it
// carries.
func (s *storage) holds(p *protocol.Publish) bool {
	row := KeptEntry{}
	for _, e := range s.rows {
		if e.Topic == p.Topic && e.Seq == p.Seq {
			row = e
		}
	}
	kept := s.topics[p.Topic]
	for _, v := range p.Voids {
		if !slices.ContainsFunc(kept.Voids, func(k protocol.Range) bool { return k[0] <= v[0] && v[1] <= k[1] }) {
			return false
		}
	}
	base := func(b *uint64) int64 {
		if b == nil {
			return -1
		}
		return int64(*b)
	}
	return kept.Last >= p.Seq && bytes.Equal(row.Data, p.Data) && row.EntryKey == p.Key && base(row.Base) == base(p.Base)
}

// excuses says whether a later life sends an entry as the same, or neither has it nor
// goes on as its client.
func (s *storage) excuses(p *protocol.Publish, secret string) bool {
	known := s.client != nil && string(s.client.Secret) == secret
	if row, ok := s.rows[keyOf(protocol.Entry{Data: p.Data})]; ok {
		return known && row.Seq == p.Seq
	}
	return !known
}

// stored sees that what is sent is in the storage, or may be sent even so.
func (w *world) stored(raw []byte) {
	m, err := protocol.DecodeCommand(raw, protocol.DefaultLimits())
	p, ok := m.(*protocol.Publish)
	if w.storage == nil || err != nil || !ok {
		return
	}
	if w.storage.failing {
		if !w.storage.excuses(p, w.link.secret) {
			w.t.Fatalf("OUT-10: %s goes out, and a later life would send it, or another as it", raw)
		}
		return
	}
	if c := w.storage.client; c == nil || c.Run != w.link.run || string(c.Secret) != w.link.secret {
		w.t.Fatalf("OUT-3: %s goes out with run %d, and %+v is stored", raw, w.link.run, c)
	}
	if !w.storage.holds(p) {
		w.t.Fatalf("OUT-1: %s goes out before it is stored", raw)
	}
}

func (w *world) keep(k Keep) {
	w.storage.unwritten = append(w.storage.unwritten, write{k, w.document.at, w.document.shown})
}

// storageMoves lets the storage begin or end a write, or tell of those that it has
// made. It reports false if there is nothing to do.
func (w *world) storageMoves() bool {
	s := w.storage
	switch {
	case s == nil:
		return false
	case s.written > 0 && (s.failed || rapid.Bool().Draw(w.t, "tells")):
		batch := s.written
		s.written, s.failing = 0, false
		w.step(Kept{batch})
	case s.failed:
		s.failed, s.failing = false, true
		w.step(Unkept{})
	case s.writing > 0:
		s.write()
	case s.failing && len(s.unwritten) > 0:
		s.writing = len(s.unwritten)
	case len(s.unwritten) > 0:
		s.writing = 1
	default:
		return false
	}
	return true
}

// die ends a life, at any moment, and begins the next with what is stored.
func (w *world) die() {
	w.cut()
	s := w.storage
	s.unwritten, s.writing, s.written, s.failed, s.failing = nil, 0, 0, false, false
	w.asked, w.wish = false, Never
	for _, r := range w.readers {
		r.open = false
	}
	for k := range w.pages {
		w.pages[k] = true
	}
	for key := range w.published {
		if _, kept := s.rows[key]; kept {
			delete(w.settled, key) // if it was, that is forgotten
		} else if _, done := w.settled[key]; !done {
			w.vanished[key] = true
		}
	}
	d := &w.document
	d.at, d.shown = s.at, s.shown
	for key, row := range s.rows {
		if row.Base != nil {
			d.base[key], d.losses[key] = *row.Base, d.lost
		}
	}
	w.core = w.born()
	for n := rapid.IntRange(0, 2).Draw(w.t, "early"); n > 0; n-- {
		w.publish()
	}
	r := s.restore()
	if r.Client != nil { // a run above all that were said
		client := *r.Client
		client.Run = max(client.Run, w.model.runs[string(client.Secret)])
		r.Client = &client
	}
	if t, known := r.Topics[modelDocument]; known {
		for key := range d.base {
			if s, done := w.settled[key]; done && s.Err == nil && !w.model.lost[key] && s.Position.Offset > d.at.Offset {
				t.Taken = max(t.Taken, s.Position.Offset)
			}
		}
		r.Topics[modelDocument] = t
	}
	w.step(r)
	w.step(Connect{})
}

// live lets a client die at any moment, and the next one go on with what is stored.
func (w *world) live(breaks bool) {
	w.model.mortal, w.storage.breaks = true, breaks
	w.step(Connect{})
	for lives := rapid.IntRange(1, 6).Draw(w.t, "lives"); lives > 0; lives-- {
		for n := rapid.IntRange(1, 60).Draw(w.t, "acts"); n > 0; n-- {
			if breaks && rapid.IntRange(0, 9).Draw(w.t, "breaks") == 0 {
				w.storage.broken = !w.storage.broken
			}
			w.act()
			for more := rapid.IntRange(0, 6).Draw(w.t, "moves"); more > 0 && w.move(); more-- {
			}
		}
		w.die()
	}
	w.storage.broken = false
	w.calm()
	w.check()
	if len(w.storage.rows) > 0 {
		w.t.Errorf("%d entries are left in the storage", len(w.storage.rows))
	}
}

// TestLives: all that was stored is in the log once, in order, and nothing else is. If
// storing fails at times, what was never stored may be too.
func TestLives(t *testing.T) {
	t.Run("OUT-10", rapid.MakeCheck(func(t *rapid.T) { newWorld(t, true).live(true) }))
	t.Run("OUT-1,OUT-2,OUT-3,OUT-4", rapid.MakeCheck(func(t *rapid.T) {
		w := newWorld(t, true)
		w.live(false)
		for key := range w.vanished {
			if at := w.model.placesOf(w.published[key], key); len(at) > 0 || w.storage.seen[key] {
				t.Errorf("publish %d was not stored and is in the log at %v", key, at)
			}
		}
		for key, s := range w.settled {
			if s.Err == nil && !w.storage.seen[key] {
				t.Errorf("publish %d was acknowledged and never stored", key)
			}
		}
	}))
}
