package doc

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Load makes a state of cells as AppendCells wrote them. What is wrong with them
// is bad_message.
func Load(t Type, offset uint64, cells []byte) (*State, error) {
	s := New(t)
	s.offset = offset
	dec := jsontext.NewDecoder(bytes.NewBuffer(cells))
	if err := expect(dec, '['); err != nil {
		return nil, badCells(err)
	}
	for dec.PeekKind() == '[' {
		if err := s.loadPair(dec); err != nil {
			return nil, badCells(err)
		}
	}
	if err := expect(dec, ']'); err != nil {
		return nil, badCells(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, badCells(errShape)
	}
	return s, nil
}

// loadPair reads a key and its cell.
func (s *State) loadPair(dec *jsontext.Decoder) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return errShape
	}
	key := token.String()
	data, err := dec.ReadValue()
	if err != nil {
		return err
	}
	cell, err := s.typ.DecodeCell(key, data)
	if err != nil {
		return err
	}
	if s.cells[key] != nil {
		return protocol.Errorf(protocol.BadMessage, "A snapshot has one cell for a key.")
	}
	s.bytes += s.pairBytes(key, cell)
	s.set(key, cell)
	return expect(dec, ']')
}

// badCells returns a type's own error about a cell as it is, and says of others
// what cells look like.
func badCells(err error) error {
	if known := protocol.AsError(err); known.Code == protocol.BadMessage {
		return known
	}
	return protocol.Errorf(protocol.BadMessage, "A snapshot's cells are [[key, cell], …].")
}
