package doc

import (
	"strconv"

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

// UnmarshalJSONFrom reads what Append appended.
func (s *Stamp) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	read, err := readStamp(dec)
	if err != nil || read.Offset == 0 || read.Offset > protocol.MaxOffset {
		return protocol.Errorf(protocol.BadMessage, "A write is [offset, client] or [offset].")
	}
	*s = read
	return nil
}

func readStamp(dec *jsontext.Decoder) (s Stamp, err error) {
	if err := expect(dec, '['); err != nil {
		return s, err
	}
	offset, err := dec.ReadValue()
	if err != nil {
		return s, err
	}
	if s.Offset, err = strconv.ParseUint(string(offset), 10, 64); err != nil {
		return s, err
	}
	if dec.PeekKind() == '"' {
		client, err := dec.ReadToken()
		if err != nil {
			return s, err
		}
		if s.Client = client.String(); s.Client == "" {
			return s, errShape
		}
	}
	return s, expect(dec, ']')
}
