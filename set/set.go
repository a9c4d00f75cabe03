// Package set is the document type set: JSON values, each once; of a concurrent
// add and remove the add wins (rules SET of spec/documents.md).
//
// An element has a tag for each add that no later operation had seen. Add puts
// its own tag in the place of those in its past, remove takes those in its past
// away, so what was added elsewhere meanwhile stays.
package set

import (
	"iter"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// Type is the type set. Its cells are []doc.Stamp, the tags of an element, by
// the element's canonical JSON.
var Type doc.Type = kind{}

type kind struct{}

func (kind) Name() string { return "set" }

func (kind) AppendCell(b []byte, cell doc.Cell) []byte {
	b = append(b, '[')
	for i, tag := range cell.([]doc.Stamp) {
		if i > 0 {
			b = append(b, ',')
		}
		b = tag.Append(b)
	}
	return append(b, ']')
}

func (kind) CellBytes(cell doc.Cell) int {
	tags := cell.([]doc.Stamp)
	n := len("[]") + len(tags) - 1
	for _, tag := range tags {
		n += tag.Bytes()
	}
	return n
}

// Same says yes: an element is there, or it has no cell.
func (kind) Same(_, _ doc.Cell) bool { return true }

func (kind) DecodeCell(key string, data []byte) (doc.Cell, error) {
	if canonical, err := protocol.Canonical([]byte(key)); err != nil || string(canonical) != key {
		return nil, protocol.Errorf(protocol.BadMessage, "The key of a set's cell is the canonical JSON of the element.")
	}
	var tags []doc.Stamp
	if err := json.Unmarshal(data, &tags); err != nil || len(tags) == 0 || !ascending(tags) {
		return nil, protocol.Errorf(protocol.BadMessage, "A set's cell is [[offset, client], …], ascending, at least one.")
	}
	return tags, nil
}

func ascending(tags []doc.Stamp) bool {
	for i := 1; i < len(tags); i++ {
		if tags[i].Offset <= tags[i-1].Offset {
			return false
		}
	}
	return true
}

func (kind) AppendValue(b []byte, cells iter.Seq2[string, doc.Cell]) []byte {
	var elements []string
	for element := range cells {
		elements = append(elements, element)
	}
	slices.SortFunc(elements, protocol.CompareUTF16)
	b = append(b, '[')
	for i, element := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, element...)
	}
	return append(b, ']')
}
