package doc

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Stamp is a write: the offset of its entry, and its client.
type Stamp struct {
	Offset uint64
	Client string // empty: from a backend
}

// Stamp is what the entry's writes carry.
func (e *Entry) Stamp() Stamp { return Stamp{e.Offset, e.Client} }

// Saw says whether a write is in the entry's causal past (rule DOC-2), or is the
// entry's own.
func (e *Entry) Saw(s Stamp) bool {
	return s.Offset <= e.Base || s.Offset == e.Offset || e.Owns(s)
}

// Owns says whether a write is of the entry's client. One without a client owns
// none.
func (e *Entry) Owns(s Stamp) bool { return s.Client != "" && s.Client == e.Client }

// Append appends the stamp's JSON, [offset, client] or [offset], to b.
func (s Stamp) Append(b []byte) []byte {
	b = strconv.AppendUint(append(b, '['), s.Offset, 10)
	if s.Client != "" {
		b, _ = jsontext.AppendQuote(append(b, ','), s.Client)
	}
	return append(b, ']')
}

// Bytes is how many bytes Append appends.
func (s Stamp) Bytes() int {
	n := len("[]") + len(strconv.AppendUint(make([]byte, 0, 20), s.Offset, 10))
	if s.Client != "" {
		n += len(",") + QuotedBytes(s.Client)
	}
	return n
}

// UnmarshalJSON reads what Append appended.
func (s *Stamp) UnmarshalJSON(data []byte) error {
	bad := protocol.Errorf(protocol.BadMessage, "A write is [offset, client] or [offset].")
	var parts []jsontext.Value
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) == 0 || len(parts) > 2 {
		return bad
	}
	var read Stamp
	if err := json.Unmarshal(parts[0], &read.Offset); err != nil || read.Offset == 0 || read.Offset > protocol.MaxOffset {
		return bad
	}
	if len(parts) == 2 {
		if err := json.Unmarshal(parts[1], &read.Client); err != nil || read.Client == "" {
			return bad
		}
	}
	*s = read
	return nil
}
