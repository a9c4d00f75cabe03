// Package records is the document type records: JSON objects by key, whose
// fields are last-write-wins in the order of the log, with conditions that the
// server judges at the operation's place in it (rules RECORDS of
// spec/documents.md).
//
// [Set], [Patch], [Delete] and [Batch] are its operations, as they are written;
// [Record] is the cell of a record, as it is read. [Between] makes the values of
// a field by which records are ordered.
package records

import (
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// Type is the type records. Its cells are *Record, by the records' keys.
var Type doc.Type = kind{}

type kind struct{}

func (kind) Name() string { return "records" }

func (kind) AppendValue(b []byte, cells iter.Seq2[string, doc.Cell]) []byte {
	type pair struct {
		key    string
		record *Record
	}
	var pairs []pair
	for key, cell := range cells {
		pairs = append(pairs, pair{key, cell.(*Record)})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return protocol.CompareUTF16(a.key, b.key) })
	b = append(b, '{')
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, p.key)
		b = p.record.AppendValue(append(b, ':'))
	}
	return append(b, '}')
}
