// Package doctest holds a type of documents against what [doc.Type] asks of it.
// A type's tests call it, and its fuzz targets, with bytes from outside:
//
//	func FuzzDecode(f *testing.F) {
//		f.Fuzz(func(t *testing.T, data []byte) { doctest.Operation(t, poll.Type, data) })
//	}
package doctest

import (
	"errors"
	"slices"
	"testing"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// Operation reads data as an operation. If the type takes it, it applies it
// several times, as entries of several authors, and checks the cells that it
// makes.
func Operation(t testing.TB, typ doc.Type, data []byte) {
	t.Helper()
	op, err := typ.Decode(data)
	if err != nil {
		checkCode(t, "Decode", err)
		return
	}
	canonical, err := protocol.Canonical(data)
	if err != nil {
		t.Fatalf("%s is taken, though %v", data, err)
	}
	again, err := typ.Decode(canonical)
	if err != nil {
		t.Fatalf("%s is taken, and as canonical JSON it is not: %v", data, err)
	}
	if !slices.Equal(op.Keys(), again.Keys()) {
		t.Fatalf("%s touches the keys %q, and as canonical JSON %q", data, op.Keys(), again.Keys())
	}
	s := doc.New(typ)
	for i, by := range []doc.Entry{{}, {Client: "ann"}, {Client: "bob", Base: 1}, {Client: "ann", Base: 2}} {
		by.Offset = uint64(i) + 1
		if err := s.Fold(&by, watched{t, op}); err != nil {
			checkCode(t, "Apply", err)
		}
		checkState(t, s)
	}
}

// Cell reads data as the cell of a key. If the type takes it, it writes it
// again, and reads that.
func Cell(t testing.TB, typ doc.Type, key string, data []byte) {
	t.Helper()
	if _, err := protocol.Canonical(data); err != nil {
		return // never asked
	}
	cell, err := typ.DecodeCell(key, data)
	if err != nil {
		if !errors.Is(err, protocol.Errorf(protocol.BadMessage, "")) {
			t.Fatalf("DecodeCell(%q, %s): %v is not bad_message", key, data, err)
		}
		return
	}
	checkCell(t, typ, key, cell)
}

// watched is an operation that tells Apply's cells apart.
type watched struct {
	t  testing.TB
	op doc.Op
}

func (w watched) Keys() []string { return w.op.Keys() }

func (w watched) Apply(e *doc.Entry, cells doc.Cells) error {
	return w.op.Apply(e, keyed{w.t, w.op.Keys(), cells})
}

// keyed are cells of which an operation may touch those of its keys alone.
type keyed struct {
	t     testing.TB
	keys  []string
	cells doc.Cells
}

func (k keyed) Get(key string) doc.Cell {
	k.check(key)
	return k.cells.Get(key)
}

func (k keyed) Set(key string, cell doc.Cell) {
	k.check(key)
	k.cells.Set(key, cell)
}

func (k keyed) check(key string) {
	k.t.Helper()
	if !slices.Contains(k.keys, key) {
		k.t.Fatalf("Apply touches the key %q, which is none of %q", key, k.keys)
	}
}

func checkState(t testing.TB, s *doc.State) {
	t.Helper()
	for key, cell := range s.All() {
		checkCell(t, s.Type(), key, cell)
	}
	if value := s.AppendValue(nil); !canonical(value) {
		t.Fatalf("the value %s is not canonical JSON", value)
	}
	cells := s.AppendCells(nil)
	back, err := doc.Load(s.Type(), s.Offset(), cells)
	if err != nil {
		t.Fatalf("the snapshot %s cannot be read: %v", cells, err)
	}
	if again := back.AppendCells(nil); string(again) != string(cells) || back.Bytes() != s.Bytes() {
		t.Fatalf("the snapshot %s of %d bytes became %s of %d", cells, s.Bytes(), again, back.Bytes())
	}
}

func checkCell(t testing.TB, typ doc.Type, key string, cell doc.Cell) {
	t.Helper()
	text := typ.AppendCell(nil, cell)
	if n := typ.CellBytes(cell); n != len(text) {
		t.Fatalf("CellBytes of %s is %d, it has %d", text, n, len(text))
	}
	again, err := typ.DecodeCell(key, text)
	if err != nil {
		t.Fatalf("the cell %s cannot be read: %v", text, err)
	}
	if twice := typ.AppendCell(nil, again); string(twice) != string(text) || !typ.Same(cell, again) || !typ.Same(again, cell) {
		t.Fatalf("the cell %s became %s", text, twice)
	}
}

func canonical(data []byte) bool {
	b, err := protocol.Canonical(data)
	return err == nil && string(b) == string(data)
}

// checkCode sees that an error is one of the table, and final: whoever sent the
// operation is told, and does not send it again.
func checkCode(t testing.TB, where string, err error) {
	t.Helper()
	var coded *protocol.Error
	if !errors.As(err, &coded) || coded.Retryable || where == "Decode" && coded.Code != protocol.BadOperation {
		t.Fatalf("%s: %v is not an error that ends an operation", where, err)
	}
}
