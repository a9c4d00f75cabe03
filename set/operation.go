package set

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

const (
	// MaxValues is how many values one operation may name.
	MaxValues = 1000
	// MaxTags is how many additions of one element, none of which knew of
	// another, are kept (rule SET-4).
	MaxTags = 10_000
)

// Add is the operation that adds values: anything that marshals to JSON.
type Add struct{ Values []any }

// Remove is the operation that removes values.
type Remove struct{ Values []any }

// MarshalJSON returns the operation as it stands in the log.
func (a Add) MarshalJSON() ([]byte, error) { return marshal("add", a.Values) }

// MarshalJSON returns the operation as it stands in the log.
func (r Remove) MarshalJSON() ([]byte, error) { return marshal("remove", r.Values) }

func marshal(op string, values []any) ([]byte, error) {
	return json.Marshal(struct {
		Op     string `json:"op"`
		Values []any  `json:"values"`
	}{op, values})
}

const form = `{"op": "add" or "remove", "values": 1 to 1,000 JSON values}`

func (kind) Decode(data []byte) (doc.Op, error) {
	var op struct {
		Op     string           `json:"op"`
		Values []jsontext.Value `json:"values"`
	}
	if err := doc.Decode(data, &op, form); err != nil {
		return nil, err
	}
	if op.Op != "add" && op.Op != "remove" || len(op.Values) == 0 || len(op.Values) > MaxValues {
		return nil, protocol.Errorf(protocol.BadOperation, "An operation is %s.", form)
	}
	elements := make([]string, 0, len(op.Values))
	seen := make(map[string]bool, len(op.Values))
	for _, v := range op.Values {
		if element := string(v); !seen[element] {
			seen[element] = true
			elements = append(elements, element)
		}
	}
	return operation{add: op.Op == "add", elements: elements}, nil
}

// operation adds or removes elements, each once, given by their canonical JSON.
type operation struct {
	add      bool
	elements []string
}

func (o operation) Keys() []string { return o.elements }

func (o operation) Apply(e *doc.Entry, cells doc.Cells) error {
	for _, element := range o.elements {
		tags, _ := cells.Get(element).([]doc.Stamp)
		left := 0
		for _, tag := range tags {
			if !e.Saw(tag) {
				left++
			}
		}
		switch {
		case o.add && left == MaxTags:
			return protocol.Errorf(protocol.LimitExceeded, "The element was added %d times by clients that did not know of each other.", MaxTags)
		case o.add:
			cells.Set(element, append(unseen(e, tags, left), e.Stamp()))
		case left == len(tags):
		case left == 0:
			cells.Set(element, nil)
		default:
			cells.Set(element, unseen(e, tags, left))
		}
	}
	return nil
}

// unseen are the tags that an operation's author had not seen, n of them.
func unseen(e *doc.Entry, tags []doc.Stamp, n int) []doc.Stamp {
	left := make([]doc.Stamp, 0, n+1)
	for _, tag := range tags {
		if !e.Saw(tag) {
			left = append(left, tag)
		}
	}
	return left
}
