// Package document makes text a type of documents: a topic whose entries are
// operations of package text, and whose value is a string (rules TEXT of
// spec/documents.md).
package document

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

// Kind is the type text.
var Kind doc.Kind = kind{}

type kind struct{}

func (kind) Name() string { return "text" }

// MaxSplices is how many an operation has at most.
const MaxSplices = 10_000

func (kind) Positional() bool { return true }

func (kind) Decode(data []byte) (doc.Operation, error) { return Decode(data) }

// Decode reads an operation, [[at, delete, insert], …]: bad_operation if it is
// none, limit_exceeded if it has more than MaxSplices.
func Decode(data []byte) (text.Op, error) {
	op, err := readOp(jsontext.NewDecoder(bytes.NewBuffer(data)))
	if err != nil {
		return nil, protocol.Errorf(protocol.BadOperation, "An operation is [[at, delete, insert], …]: code points before it, how many are deleted, and a string.")
	}
	if len(op) > MaxSplices {
		return nil, protocol.Errorf(protocol.LimitExceeded, "An operation has %d splices; %d are allowed.", len(op), MaxSplices)
	}
	return op, nil
}

// Append appends an operation's JSON to b.
func Append(b []byte, op text.Op) []byte {
	b = append(b, '[')
	for i, s := range op {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "[%d,%d,", s.At, s.Delete)
		b, _ = jsontext.AppendQuote(b, s.Insert) // it is UTF-8
		b = append(b, ']')
	}
	return append(b, ']')
}

func (kind) New() doc.Fold { return newFold(text.NewFold("", 0, text.Limits{})) }

func (kind) Load(offset uint64, snapshot []byte) (doc.Fold, error) {
	s, err := DecodeSnapshot(snapshot)
	if err != nil {
		return nil, err
	}
	if s.Offset() != offset {
		return nil, protocol.Errorf(protocol.BadMessage, "The snapshot of a text is of offset %d, not %d.", s.Offset(), offset)
	}
	f, err := text.Load(s, text.Limits{})
	if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "The snapshot of a text is damaged: %v", err)
	}
	return newFold(f), nil
}

// snapshot is how one is written: the text, and the log behind the bar, where an
// entry without effect is null.
type snapshot struct {
	Text   string   `json:"text"`
	Bar    uint64   `json:"bar"`
	Length int      `json:"length"` // code points at the bar
	Log    []*entry `json:"log"`
}

type entry struct {
	Client string         `json:"client,omitzero"`
	Base   uint64         `json:"base"`
	After  []uint64       `json:"after,omitempty"`
	Op     jsontext.Value `json:"op"`
}

// AppendSnapshot appends a snapshot's JSON to b.
func AppendSnapshot(b []byte, s text.Snapshot) []byte {
	out := snapshot{Text: s.Text, Bar: s.Bar, Length: s.Length, Log: make([]*entry, len(s.Entries))}
	for i := range s.Entries {
		if e := &s.Entries[i]; e.Op != nil {
			out.Log[i] = &entry{e.Client, e.Base, e.After, Append(nil, e.Op)}
		}
	}
	data, err := json.Marshal(&out)
	if err != nil {
		panic(err) // it is made of what JSON can say
	}
	return append(b, data...)
}

// DecodeSnapshot reads a snapshot: bad_message if it is none. Whether its log
// makes its text is for text.Load to say.
func DecodeSnapshot(data []byte) (text.Snapshot, error) {
	var in snapshot
	if err := json.Unmarshal(data, &in); err != nil {
		return text.Snapshot{}, protocol.Errorf(protocol.BadMessage, "The snapshot of a text is {text, bar, length, log}.")
	}
	s := text.Snapshot{Text: in.Text, Bar: in.Bar, Length: in.Length, Entries: make([]text.Entry, len(in.Log))}
	for i, e := range in.Log {
		own := &s.Entries[i]
		own.Offset = in.Bar + uint64(i) + 1
		if own.Base = in.Bar; e == nil {
			continue
		}
		op, err := Decode(e.Op)
		if err != nil {
			return text.Snapshot{}, protocol.Errorf(protocol.BadMessage, "The snapshot of a text has an entry that is no operation.")
		}
		own.Client, own.Base, own.After, own.Op = e.Client, e.Base, e.After, op
	}
	return s, nil
}
