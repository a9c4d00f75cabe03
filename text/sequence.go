package text

import (
	"fmt"
	"slices"
)

// Entry is an operation in a sequencer's log. Its past, what its author had
// seen, is the log up to Base, the entries of its client before it, and those
// named by After. One without an operation has no effect.
type Entry struct {
	Offset uint64 // one more than the last entry's
	Client string // empty: none
	Base   uint64
	After  []uint64 // offsets above Base
	Op     Op
}

// A bar is where a log has so much behind the last one: at the first entry whose
// author had seen all, or, beyond the most, at any.
const (
	barEntries     = 512
	barEvents      = 1 << 16
	mostBarEntries = 4096
	mostBarEvents  = 1 << 20
)

// sequence is the history of a log from its bar on, or from before that.
type sequence struct {
	history history
	start   uint64 // offset behind which it begins
	bar     bar
	entries []sequenced
	forks   map[int][]lv     // the versions after entries that have several events
	after   map[int][]uint64 // what entries name
	last    map[string]lv    // of each client, its newest event since the bar
}

// bar is where the latest bar is, and what came since.
type bar struct {
	offset uint64
	length int // code points of the text there
	events int // since
}

// sequenced is an entry's place in the history.
type sequenced struct {
	start, end int32 // its events
	base       int32 // how far above the start of the history
	agent      int32 // none: it has no effect
}

func newSequence(offset uint64, length int) sequence {
	return sequence{
		history: history{before: length}, start: offset, bar: bar{offset: offset, length: length},
		forks: make(map[int][]lv), after: make(map[int][]uint64), last: make(map[string]lv),
	}
}

func (s *sequence) offset() uint64 { return s.start + uint64(len(s.entries)) }

// version is that after an entry of an offset, or where the history begins.
func (s *sequence) version(offset uint64) []lv {
	for i := int(offset-s.start) - 1; i >= 0; i-- {
		if e := &s.entries[i]; e.agent != none {
			if fork, ok := s.forks[i]; ok {
				return fork
			}
			return []lv{int(e.end) - 1}
		}
	}
	return nil
}

// past are the events that an entry follows directly.
func (s *sequence) past(e *Entry) ([]lv, error) {
	if e.Base < s.bar.offset {
		return nil, fail(RebaseRequired, fmt.Sprintf("Its author has seen the log up to %d; it must be %d.", e.Base, s.bar.offset))
	}
	if e.Base >= e.Offset {
		return nil, fail(BadOperation, "An entry cannot have seen itself.")
	}
	events := s.version(e.Base)
	if last, ok := s.last[e.Client]; ok && e.Client != "" {
		events = append(slices.Clone(events), last)
	}
	for _, offset := range e.After {
		if offset <= s.bar.offset || offset >= e.Offset {
			return nil, fail(BadOperation, "After names entries between the bar and this one.")
		}
		if own := &s.entries[offset-s.start-1]; own.agent != none {
			events = append(slices.Clone(events), int(own.end)-1)
		}
	}
	return s.history.graph.dominators(events), nil
}

// skip passes over an entry.
func (s *sequence) skip() { s.entries = append(s.entries, sequenced{agent: none}) }

// add puts an entry's events, at least one, into the history.
func (s *sequence) add(e *Entry, parents []lv) {
	h := &s.history
	start := h.end
	h.graph.add(start, parents)
	h.splices(e.Op)
	agent := h.agents.named(e.Client)
	h.agents.add(start, agent, h.agents.next(agent), h.end-start)
	s.enter(e, agent, span{start, h.end})
}

// enter says which events of the history the next entry is.
func (s *sequence) enter(e *Entry, agent int, events span) {
	i := len(s.entries)
	if version := s.history.graph.advance(s.version(s.offset()), events); len(version) > 1 {
		s.forks[i] = version
	}
	if len(e.After) > 0 {
		s.after[i] = slices.Clone(e.After)
	}
	s.entries = append(s.entries, sequenced{int32(events.start), int32(events.end), int32(e.Base - s.start), int32(agent)})
	s.bar.events += events.end - events.start
	s.last[e.Client] = events.end - 1
}

// due says whether the newest entry is a bar.
func (s *sequence) due() bool {
	n := s.offset() - s.bar.offset
	if n >= mostBarEntries || s.bar.events >= mostBarEvents {
		return true
	}
	if n < barEntries && s.bar.events < barEvents {
		return false
	}
	last := len(s.entries) - 1
	_, fork := s.forks[last]
	return !fork && s.entries[last].agent != none
}

// between are the entries behind one offset up to another.
func (s *sequence) between(from, to uint64) []Entry {
	entries := make([]Entry, to-from)
	for k := range entries {
		i := int(from-s.start) + k
		own, e := &s.entries[i], &entries[k]
		e.Offset, e.Base = s.start+uint64(i)+1, s.start+uint64(own.base)
		if own.agent != none {
			e.Client, e.After = s.history.agents.names[own.agent], s.after[i]
			e.Op = s.history.op(span{int(own.start), int(own.end)})
		} else {
			e.Base = from
		}
	}
	return entries
}

// again is the history of the log alone, from the bar on.
func (s *sequence) again() sequence {
	if s.bar.offset == s.offset() {
		return newSequence(s.bar.offset, s.bar.length)
	}
	snapshot := Snapshot{Bar: s.bar.offset, Length: s.bar.length, Entries: s.between(s.bar.offset, s.offset())}
	q, err := snapshot.sequence()
	if err != nil {
		panic(err) // it was one
	}
	return *q
}

// op is the operation of some events.
func (h *history) op(s span) (op Op) {
	h.each(s, func(i int, v lv, at, n int) {
		if h.ops[i].kind == inserted {
			op = op.with(edit{at: at, text: h.text(i, v-h.ops[i].start, n)})
		} else {
			op = op.with(edit{at: at, n: n})
		}
	})
	return op
}
