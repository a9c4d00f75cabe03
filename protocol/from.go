package protocol

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// From says where a subscription starts. Its JSON is "new", "earliest",
// {"last":n} or {"offset":n,"term":t}. The zero From is new.
type From struct {
	kind     fromKind
	last     uint64
	position Position
}

type fromKind uint8

const (
	fromNew fromKind = iota
	fromEarliest
	fromLast
	fromPosition
)

// FromNew starts behind the newest entry.
func FromNew() From { return From{} }

// FromEarliest starts at the oldest entry that the log holds.
func FromEarliest() From { return From{kind: fromEarliest} }

// FromLast starts n entries before the newest.
func FromLast(n uint64) From { return From{kind: fromLast, last: min(n, MaxOffset)} }

// FromPosition starts just behind p.
func FromPosition(p Position) From { return From{kind: fromPosition, position: p} }

// Position returns the position, and whether this From is one.
func (f From) Position() (Position, bool) { return f.position, f.kind == fromPosition }

// Last returns n, and whether this From asks for the last n.
func (f From) Last() (uint64, bool) { return f.last, f.kind == fromLast }

// Earliest says whether this From asks for all that the log holds.
func (f From) Earliest() bool { return f.kind == fromEarliest }

// IsZero says whether this From is new.
func (f From) IsZero() bool { return f.kind == fromNew }

// MarshalJSONTo writes the JSON form.
func (f From) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch f.kind {
	case fromEarliest:
		return enc.WriteToken(jsontext.String("earliest"))
	case fromLast:
		return json.MarshalEncode(enc, struct {
			Last uint64 `json:"last"`
		}{f.last})
	case fromPosition:
		return json.MarshalEncode(enc, f.position)
	default:
		return enc.WriteToken(jsontext.String("new"))
	}
}

// UnmarshalJSONFrom reads the JSON form.
func (f *From) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch tok.String() {
		case "new":
			*f = FromNew()
		case "earliest":
			*f = FromEarliest()
		default:
			return Errorf(BadMessage, `from is "new", "earliest", {last} or {offset, term}.`)
		}
		return nil
	}
	var v struct {
		Last   *uint64 `json:"last"`
		Offset *uint64 `json:"offset"`
		Term   string  `json:"term"`
	}
	if err := json.UnmarshalDecode(dec, &v); err != nil {
		return err
	}
	switch {
	case v.Last != nil && v.Offset == nil && v.Term == "":
		*f = FromLast(*v.Last)
	case v.Offset != nil && v.Last == nil:
		*f = FromPosition(Position{Term: v.Term, Offset: *v.Offset})
		return f.position.check()
	default:
		return Errorf(BadMessage, `from is "new", "earliest", {last} or {offset, term}.`)
	}
	return nil
}
