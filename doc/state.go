package doc

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// State is the fold of a log up to an offset. Any number may read it while a
// [Draft] on it judges; nobody while it changes.
type State struct {
	typ    Type
	offset uint64
	cells  map[string]Cell
	bytes  int
	folder *Draft // of Fold, empty between
}

// New returns the fold of an empty log.
func New(t Type) *State {
	return &State{typ: t, cells: make(map[string]Cell)}
}

// Type returns the document's type.
func (s *State) Type() Type { return s.typ }

// Offset is that of the last entry that was folded.
func (s *State) Offset() uint64 { return s.offset }

// Bytes is about the length of a snapshot.
func (s *State) Bytes() int { return s.bytes }

// Get returns the cell of a key, or nil.
func (s *State) Get(key string) Cell { return s.cells[key] }

// All are the cells, in no order.
func (s *State) All() iter.Seq2[string, Cell] { return maps.All(s.cells) }

// AppendValue appends the JSON of the document's value to b.
func (s *State) AppendValue(b []byte) []byte { return s.typ.AppendValue(b, s.All()) }

// Fold applies an entry of the log, the next one. An entry that cannot be
// applied has no effect, and the error says why.
func (s *State) Fold(e *Entry, op Op) error {
	if s.folder == nil {
		s.folder = s.Draft(0)
	}
	err := s.folder.Judge(e, op)
	s.folder.Commit()
	s.offset = e.Offset
	return err
}

// Skip passes over an entry without effect.
func (s *State) Skip(offset uint64) { s.offset = offset }

func (s *State) set(key string, cell Cell) {
	if cell == nil {
		delete(s.cells, key)
	} else {
		s.cells[key] = cell
	}
}

// grows is by how much a snapshot grows when a key's cell is replaced.
func (s *State) grows(key string, was, is Cell) int {
	switch {
	case was == nil && is == nil:
		return 0
	case was == nil:
		return s.pairBytes(key, is)
	case is == nil:
		return -s.pairBytes(key, was)
	}
	return s.typ.CellBytes(is) - s.typ.CellBytes(was)
}

// pairBytes is what a cell takes in a snapshot: [key,cell] and a comma.
func (s *State) pairBytes(key string, cell Cell) int {
	return QuotedBytes(key) + s.typ.CellBytes(cell) + len("[,],")
}

func appendKey(b []byte, key string) []byte {
	b, _ = jsontext.AppendQuote(append(b, '['), key)
	return append(b, ',')
}

// AppendCells appends the JSON of the cells, [[key, cell], …], to b, in the
// order of their keys' bytes.
func (s *State) AppendCells(b []byte) []byte {
	keys := slices.SortedFunc(maps.Keys(s.cells), strings.Compare)
	b = append(slices.Grow(b, s.bytes+2), '[')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(s.typ.AppendCell(appendKey(b, key), s.cells[key]), ']')
	}
	return append(b, ']')
}
