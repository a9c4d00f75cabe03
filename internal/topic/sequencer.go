package topic

import (
	"slices"
	"time"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// cachedRows is how many rows of past rounds a Sequencer keeps.
const cachedRows = 64

// State is where a log stands when a Sequencer takes it over.
type State struct {
	Head     uint64            // offset of the newest entry
	Terms    []store.TermStart // of the log, oldest first
	LastTime int64             // time of the newest entry, 0 if there is none
	Document Document          // at Head; nil: the topic is none
}

// Document is the overlay on a document's state on which operations are judged
// (see [doc.Judge]). The Sequencer ends it with its rounds.
type Document interface {
	Decode(data []byte) (doc.Operation, error)
	doc.Judge
}

// Sequencer judges the entries of one topic. Between rounds it is at the
// durable head; in a round it is ahead of it.
type Sequencer struct {
	term     string // of this run of the store: the term of what it takes
	head     uint64
	lastTime int64
	terms    []store.TermStart
	document Document
	rows     map[string][]byte // committed rows, a cache

	round round
}

// round is the tentative overlay.
type round struct {
	entries  [][]byte
	rows     map[string][]byte
	order    []string // of rows, as first changed
	lastTime int64
}

// NewSequencer takes over a log at state; term is that of the store's run.
func NewSequencer(term string, state State) *Sequencer {
	return &Sequencer{
		term:     term,
		head:     state.Head,
		lastTime: state.LastTime,
		terms:    slices.Clone(state.Terms),
		document: state.Document,
		rows:     make(map[string][]byte),
		round:    round{rows: make(map[string][]byte), lastTime: state.LastTime},
	}
}

// Head is the offset of the newest entry that was committed.
func (s *Sequencer) Head() uint64 { return s.head }

// Row returns the value of a row as far as the Sequencer knows it.
func (s *Sequencer) Row(key string) ([]byte, bool) {
	if v, ok := s.round.rows[key]; ok {
		return v, true
	}
	v, ok := s.rows[key]
	return v, ok
}

// Learn tells the Sequencer a row as the store has it, nil if it has none.
func (s *Sequencer) Learn(key string, value []byte) {
	if len(s.rows) >= cachedRows {
		for k := range s.rows {
			delete(s.rows, k)
			break
		}
	}
	s.rows[key] = value
}

// Judge judges one command and, if it is accepted, adds it to the round. The
// caller has made its row known ([Sequencer.Learn]); run is the highest run
// with which the command's client is known to be connected, 0 if it is not.
// The verdict may be told only after [Sequencer.Commit].
func (s *Sequencer) Judge(now time.Time, run uint64, c *Command) Verdict {
	value, _ := s.Row(c.RowKey())
	switch {
	case c.Client != "":
		return s.judgeClient(now, run, c, value)
	case c.Key != "":
		return s.judgeKey(now, c, value)
	case c.Denied != nil:
		return Deny(c.Denied)
	}
	return s.accept(now, c)
}

func (s *Sequencer) judgeClient(now time.Time, run uint64, c *Command, value []byte) Verdict {
	r, err := parseRow(value)
	if err != nil {
		return Deny(protocol.Errorf(protocol.Internal, ""))
	}
	if r.forgotten(now) {
		r = row{}
	}
	if c.Run < max(run, r.run) {
		return Deny(protocol.Errorf(protocol.StaleRun, ""))
	}
	if c.Seq <= r.highest {
		return s.repeat(c, r)
	}
	if r.highest == 0 && now.Sub(c.Born) > Memory {
		return Verdict{Kind: Rejected, Err: protocol.Errorf(protocol.ClientExpired, "")}
	}
	if c.Denied != nil {
		return Deny(c.Denied)
	}
	if expected := firstMissing(r.highest+1, c.Voids); expected < c.Seq {
		return Verdict{Kind: Gap, Expected: expected}
	}
	v := s.accept(now, c)
	if v.Kind == Accepted {
		s.set(c.RowKey(), r.accept(c.Seq, c.Run, v.Offset, now).append(nil))
	}
	return v
}

func (s *Sequencer) repeat(c *Command, r row) Verdict {
	offset, known := r.offset(c.Seq)
	if known && offset == 0 {
		return Verdict{Kind: Rejected, Err: protocol.Errorf(protocol.Rejected, "The client has voided this seq.")}
	}
	return Verdict{Kind: Repeated, Offset: offset, Term: s.termAt(offset)}
}

func (s *Sequencer) judgeKey(now time.Time, c *Command, value []byte) Verdict {
	k, err := parseKeyRow(value)
	switch {
	case err != nil:
		return Deny(protocol.Errorf(protocol.Internal, ""))
	case !k.forgotten(now) && k.body != c.Body:
		return Deny(protocol.Errorf(protocol.IdempotencyConflict, ""))
	case !k.forgotten(now):
		return Verdict{Kind: Repeated, Offset: k.offset, Term: s.termAt(k.offset)}
	case c.Denied != nil:
		return Deny(c.Denied)
	}
	v := s.accept(now, c)
	if v.Kind == Accepted {
		s.set(c.Key, keyRow{offset: v.Offset, time: now.Unix(), body: c.Body}.append(nil))
	}
	return v
}

// firstMissing returns the lowest seq from next on that no range of voids
// holds. The ranges ascend.
func firstMissing(next uint64, voids []protocol.Range) uint64 {
	for _, v := range voids {
		if v[0] > next {
			break
		}
		next = max(next, v[1]+1)
	}
	return next
}

func (s *Sequencer) accept(now time.Time, c *Command) Verdict {
	base := c.Base
	var effect []byte
	if s.document != nil {
		e, err := s.operate(c)
		if err != nil {
			return Deny(protocol.AsError(err))
		}
		base, effect = &e.Base, e.Effect
	}
	s.round.lastTime = max(s.round.lastTime, now.UnixMilli())
	first := s.add(c, base, effect, Draft{Name: c.Name, Label: c.Label, Data: c.Data})
	for _, d := range c.More {
		s.add(c, base, nil, d)
	}
	return Verdict{Kind: Accepted, Offset: first, Term: s.term}
}

// operate judges an operation on the document as it stands, and returns what the
// document makes of it (rule DOC-5).
func (s *Sequencer) operate(c *Command) (*doc.Entry, error) {
	newest := s.head + uint64(len(s.round.entries))
	base := newest
	if c.Base != nil {
		base = *c.Base
	}
	if base > newest {
		return nil, protocol.Errorf(protocol.RebaseRequired, "")
	}
	op, err := s.document.Decode(c.Data)
	if err != nil {
		return nil, err
	}
	e := &doc.Entry{Offset: newest + 1, Client: c.Client, Base: base}
	return e, s.document.Judge(e, op)
}

// add puts an entry of the command into the round and returns its offset.
func (s *Sequencer) add(c *Command, base *uint64, effect []byte, d Draft) uint64 {
	e := protocol.Entry{
		Offset: s.head + uint64(len(s.round.entries)) + 1,
		Term:   s.term,
		Key:    d.Label,
		Client: c.Client,
		Seq:    c.Seq,
		Voids:  c.Voids,
		Base:   base,
		Eff:    effect,
		Name:   d.Name,
		Time:   s.round.lastTime,
		Author: c.Author,
		Data:   d.Data,
	}
	s.round.entries = append(s.round.entries, protocol.AppendEntry(nil, &e))
	return e.Offset
}

func (s *Sequencer) set(key string, value []byte) {
	if _, ok := s.round.rows[key]; !ok {
		s.round.order = append(s.round.order, key)
	}
	s.round.rows[key] = value
}

// Forget adds the deletion of a row to the round.
func (s *Sequencer) Forget(key string) { s.set(key, nil) }

// Batch returns what the round wants appended; false if that is nothing.
func (s *Sequencer) Batch() (store.Batch, bool) {
	b := store.Batch{After: s.head, Entries: s.round.entries}
	for _, key := range s.round.order {
		b.Rows = append(b.Rows, store.Row{Key: key, Value: s.round.rows[key]})
	}
	return b, len(b.Entries)+len(b.Rows) > 0
}

// Commit ends the round: its batch is in the log.
func (s *Sequencer) Commit() {
	if n := uint64(len(s.round.entries)); n > 0 {
		if len(s.terms) == 0 || s.terms[len(s.terms)-1].Term != s.term {
			s.terms = append(s.terms, store.TermStart{Term: s.term, Offset: s.head + 1})
		}
		s.head += n
	}
	s.lastTime = s.round.lastTime
	if s.document != nil {
		s.document.Commit()
	}
	for _, key := range s.round.order {
		if !large(key) {
			s.Learn(key, s.round.rows[key])
		}
	}
	s.reset()
}

// Drop ends the round: its batch is not in the log.
func (s *Sequencer) Drop() {
	s.round.lastTime = s.lastTime
	if s.document != nil {
		s.document.Drop()
	}
	s.reset()
}

func (s *Sequencer) reset() {
	s.round.entries = nil
	s.round.order = nil
	clear(s.round.rows)
}

func (s *Sequencer) termAt(offset uint64) string {
	if offset > s.head {
		return s.term
	}
	return TermAt(s.terms, offset)
}

// TermAt returns the term that wrote offset, or "" if terms do not cover it.
// It takes O(log n) for n terms.
func TermAt(terms []store.TermStart, offset uint64) string {
	i, found := slices.BinarySearchFunc(terms, offset, func(t store.TermStart, o uint64) int {
		switch {
		case t.Offset < o:
			return -1
		case t.Offset > o:
			return 1
		}
		return 0
	})
	if !found {
		i--
	}
	if i < 0 || offset == 0 {
		return ""
	}
	return terms[i].Term
}
