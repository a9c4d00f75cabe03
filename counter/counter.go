// Package counter is the document type counter: one number, to which each add
// counts once (rules COUNTER of spec/documents.md).
package counter

import (
	"iter"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// Type is the type counter. Its one cell, at the key "", is an int64.
var Type doc.Type = kind{}

type kind struct{}

func (kind) Name() string { return "counter" }

// Add is the operation: it adds N, which is not 0 and within ±(2^53-1).
type Add struct{ N int64 }

// MarshalJSON returns the operation as it stands in the log.
func (a Add) MarshalJSON() ([]byte, error) {
	return append(strconv.AppendInt([]byte(`{"op":"add","n":`), a.N, 10), '}'), nil
}

const form = `{"op": "add", "n": a whole number that is not 0}`

func (kind) Decode(data []byte) (doc.Op, error) {
	var op struct {
		Op string `json:"op"`
		N  int64  `json:"n"`
	}
	if err := doc.Decode(data, &op, form); err != nil {
		return nil, err
	}
	if op.Op != "add" || op.N == 0 {
		return nil, protocol.Errorf(protocol.BadOperation, "An operation is %s.", form)
	}
	return Add{op.N}, nil
}

func exact(n int64) bool { return -protocol.MaxOffset <= n && n <= protocol.MaxOffset }

// Keys returns the one key.
func (Add) Keys() []string { return []string{""} }

// Apply adds.
func (a Add) Apply(_ *doc.Entry, cells doc.Cells) error {
	sum, _ := cells.Get("").(int64)
	if sum += a.N; !exact(sum) {
		return protocol.Errorf(protocol.OutOfRange, "")
	}
	cells.Set("", sum)
	return nil
}

func (kind) AppendCell(b []byte, cell doc.Cell) []byte {
	return strconv.AppendInt(b, cell.(int64), 10)
}

func (kind) CellBytes(cell doc.Cell) int {
	return len(strconv.AppendInt(make([]byte, 0, 20), cell.(int64), 10))
}

func (kind) Same(a, b doc.Cell) bool { return a.(int64) == b.(int64) }

func (kind) DecodeCell(key string, data []byte) (doc.Cell, error) {
	var n int64
	if err := json.Unmarshal(data, &n); err != nil || !exact(n) || key != "" {
		return nil, protocol.Errorf(protocol.BadMessage, "A counter has one cell, a whole number with the key \"\".")
	}
	return n, nil
}

func (k kind) AppendValue(b []byte, cells iter.Seq2[string, doc.Cell]) []byte {
	for _, cell := range cells {
		return k.AppendCell(b, cell)
	}
	return append(b, '0')
}
