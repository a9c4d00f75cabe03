package protocol

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Operation is the body of an operation on a document over HTTP.
type Operation struct {
	Base    *uint64        `json:"base,omitzero"` // absent: all that is in the log
	Op      jsontext.Value `json:"op,omitzero"`
	Replace *string        `json:"replace,omitzero"` // in place of Op: what a text is to be
}

// DecodeOperation reads the body of POST /v1/docs/{topic}/ops. Whether it is an
// operation of the document's type is judged elsewhere.
func DecodeOperation(body []byte, limits Limits) (Operation, error) {
	var o Operation
	if err := json.Unmarshal(body, &o); err != nil {
		return Operation{}, jsonError(err)
	}
	if (o.Op == nil) == (o.Replace == nil) {
		return Operation{}, Errorf(BadMessage, `The body is {"base": …, "op": …}, or {"base": …, "replace": "…"}.`)
	}
	if err := checkBase(o.Base); err != nil || o.Op == nil {
		return o, err
	}
	return o, limits.CheckData(o.Op)
}

// AppendSnapshotHead appends to b the message of a snapshot up to its cells,
// whose JSON and a closing brace complete it. So many readers can share the
// cells, and be told of their own clients.
func AppendSnapshotHead(b []byte, s *Snapshot) []byte {
	head, err := json.Marshal(struct {
		Type   string      `json:"type"`
		Topic  string      `json:"topic"`
		Offset uint64      `json:"offset"`
		Term   string      `json:"term,omitzero"`
		Seqs   []ClientSeq `json:"seqs,omitzero"`
	}{TypeSnapshot, s.Topic, s.Offset, s.Term, s.Seqs})
	if err != nil {
		panic("protocol: marshal a snapshot: " + err.Error())
	}
	return append(append(b, head[:len(head)-1]...), `,"cells":`...)
}

// DocumentValue is a document's value at an offset (rule DOC-13).
type DocumentValue struct {
	Topic  string         `json:"topic"`
	Doc    string         `json:"doc"` // its type
	Offset uint64         `json:"offset"`
	Term   string         `json:"term,omitzero"`
	Cursor string         `json:"cursor"` // where GET /v1/sse and /v1/poll read on from
	Value  jsontext.Value `json:"value"`
}
