package records

import (
	"fmt"
	"slices"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// steps are an operation, decoded: one, or those of a batch.
type steps []step

// step is an operation on one record.
type step struct {
	kind       string // set, patch or delete
	key        string
	fields     []field // those it writes, or removes: value nil
	conditions []Condition
	reject     bool // what its author had not seen
	own        bool // only what its client wrote last
}

// Keys are the records' keys, each once.
func (s steps) Keys() []string {
	if len(s) == 1 {
		return []string{s[0].key}
	}
	keys := make([]string, len(s))
	for i := range s {
		keys[i] = s[i].key
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Apply applies all, in order. What a batch makes of a record is set when all
// of it is applied.
func (s steps) Apply(e *doc.Entry, cells doc.Cells) error {
	if len(s) == 1 {
		return s[0].apply(e, cells)
	}
	made := stage{cells, make(map[string]doc.Cell), make(map[*Record]bool)}
	for i := range s {
		if err := s[i].apply(e, made); err != nil {
			return s.name(i, err)
		}
	}
	for _, key := range s.Keys() {
		if cell, ok := made.made[key]; ok {
			cells.Set(key, cell)
		}
	}
	return nil
}

// name says in an error which operation of a batch it is about.
func (s steps) name(i int, err error) error {
	if len(s) == 1 {
		return err
	}
	named := *protocol.AsError(err)
	named.Message = fmt.Sprintf("Operation %d of %d: %s", i+1, len(s), named.Message)
	return &named
}

// apply judges in the order that rule RECORDS-6 gives: whether the record is
// there, conditions, what is unseen.
func (s *step) apply(e *doc.Entry, cells doc.Cells) error {
	record, _ := cells.Get(s.key).(*Record)
	if record == nil && s.kind != "set" && !s.own {
		return protocol.Errorf(protocol.Missing, "There is no record %q.", s.key)
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(record) {
			return protocol.Errorf(protocol.PreconditionFailed, "Condition %d does not hold of the record %q.", i+1, s.key)
		}
	}
	switch {
	case s.kind == "set":
		return s.applySet(e, cells, record)
	case record == nil:
		return nil
	case s.kind == "patch":
		return s.write(e, cells, record, s.writes(e, record))
	case s.own:
		return s.applyDeleteOwn(e, cells, record)
	default:
		return s.remove(e, cells, record)
	}
}

func (s *step) applySet(e *doc.Entry, cells doc.Cells, record *Record) error {
	if record != nil {
		if s.own {
			return nil
		}
		if err := s.checkUnseen(e, record, record.fields); err != nil {
			return err
		}
	}
	set, err := newRecord(e.Stamp(), s.fields, e.Offset)
	if err != nil {
		return err
	}
	cells.Set(s.key, set)
	return nil
}

// writes are a patch's fields that it will write or remove.
func (s *step) writes(e *doc.Entry, record *Record) []field {
	writes := make([]field, 0, len(s.fields))
	for _, f := range s.fields {
		if s.own && !e.Owns(record.LastWrite(f.name)) {
			continue
		}
		if f.value == nil && record.Field(f.name) == nil {
			continue
		}
		f.write = e.Stamp()
		writes = append(writes, f)
	}
	return writes
}

// applyDeleteOwn removes the fields that the client wrote last, and the record
// if the client had set it and no field is left.
func (s *step) applyDeleteOwn(e *doc.Entry, cells doc.Cells, record *Record) error {
	var removed []field
	left := 0
	for i := range record.fields {
		f := &record.fields[i]
		switch {
		case f.value == nil:
		case e.Owns(record.written(f)):
			removed = append(removed, field{name: f.name, write: e.Stamp()})
		default:
			left++
		}
	}
	if left == 0 && e.Owns(record.set) {
		return s.remove(e, cells, record)
	}
	return s.write(e, cells, record, removed)
}

func (s *step) write(e *doc.Entry, cells doc.Cells, record *Record, writes []field) error {
	if len(writes) == 0 {
		return nil
	}
	if err := s.checkUnseen(e, record, writes); err != nil {
		return err
	}
	if made, ok := cells.(stage); ok {
		return made.write(s.key, record, writes)
	}
	after, err := record.with(writes)
	if err != nil {
		return err
	}
	cells.Set(s.key, after)
	return nil
}

func (s *step) remove(e *doc.Entry, cells doc.Cells, record *Record) error {
	if err := s.checkUnseen(e, record, record.fields); err != nil {
		return err
	}
	cells.Set(s.key, nil)
	return nil
}

// checkUnseen returns overwrites_unseen if the operation asks for it and one of
// the fields, all of which it would overwrite, is there and was written by what
// its author had not seen (rule RECORDS-7).
func (s *step) checkUnseen(e *doc.Entry, record *Record, fields []field) error {
	if !s.reject {
		return nil
	}
	for i := range fields {
		at, found := record.find(fields[i].name)
		if !found {
			continue
		}
		if f := &record.fields[at]; f.value != nil && !e.Saw(record.written(f)) {
			return protocol.Errorf(protocol.OverwritesUnseen, "The field %.80q of the record %q was written since at an offset that the author had not seen.", f.name, s.key)
		}
	}
	return nil
}
