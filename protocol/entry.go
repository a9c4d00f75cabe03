package protocol

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Author is who published an entry: always taken from the identity of the
// connection or request, never from the publisher's words.
type Author struct {
	Sub  string `json:"sub"`
	Name string `json:"name,omitzero"`
}

// Entry is one entry of a topic's log.
type Entry struct {
	Offset uint64  `json:"offset"`
	Term   string  `json:"term"`
	Key    string  `json:"key,omitzero"`    // what the entry is the newest word about; empty: none
	Client string  `json:"client,omitzero"` // empty: published over HTTP or by the embedding program
	Seq    uint64  `json:"seq,omitzero"`
	Voids  []Range `json:"voids,omitzero"`
	Base   *uint64 `json:"base,omitzero"` // of an operation: its author had seen the log up to here
	// Eff is what an operation on a text does to it as it then is, where that is
	// not what Data says (rule TEXT-14).
	Eff    jsontext.Value `json:"eff,omitzero"`
	Name   string         `json:"name,omitzero"` // empty: message
	Time   int64          `json:"time"`          // milliseconds since 1970, by the server's clock
	Author *Author        `json:"author,omitzero"`
	// Redacted: what was published was taken out since; Data is null.
	Redacted bool           `json:"redacted,omitzero"`
	Data     jsontext.Value `json:"data"` // as published, byte for byte
}

// Range is an inclusive range of seqs, first and last.
type Range [2]uint64

// ClientSeq is a client and one of its seqs: ["id", 5].
type ClientSeq struct {
	Client string
	Seq    uint64
}

// Position is the position just behind the entry.
func (e *Entry) Position() Position { return Position{Term: e.Term, Offset: e.Offset} }

// Redact returns the entry as it stands in the log once it was redacted (rule
// ADMIN-2).
func (e *Entry) Redact() *Entry {
	return &Entry{
		Offset: e.Offset, Term: e.Term, Client: e.Client, Seq: e.Seq, Voids: e.Voids, Time: e.Time,
		Redacted: true, Data: jsontext.Value("null"),
	}
}

// AppendEntry appends the entry's stored form to b: one JSON object. Data,
// Name and Key must have been checked.
func AppendEntry(b []byte, e *Entry) []byte {
	b = append(b, `{"offset":`...)
	b = strconv.AppendUint(b, e.Offset, 10)
	b = append(b, `,"term":"`...)
	b = append(b, e.Term...)
	b = append(b, '"')
	if e.Key != "" {
		b = append(b, `,"key":`...)
		b = appendString(b, e.Key)
	}
	if e.Client != "" {
		b = append(b, `,"client":"`...)
		b = append(b, e.Client...)
		b = append(b, `","seq":`...)
		b = strconv.AppendUint(b, e.Seq, 10)
	}
	if len(e.Voids) > 0 {
		b = append(b, `,"voids":[`...)
		for i, v := range e.Voids {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '[')
			b = strconv.AppendUint(b, v[0], 10)
			b = append(b, ',')
			b = strconv.AppendUint(b, v[1], 10)
			b = append(b, ']')
		}
		b = append(b, ']')
	}
	if e.Base != nil {
		b = append(b, `,"base":`...)
		b = strconv.AppendUint(b, *e.Base, 10)
	}
	if len(e.Eff) > 0 {
		b = append(b, `,"eff":`...)
		b = append(b, e.Eff...)
	}
	if e.Name != "" {
		b = append(b, `,"name":"`...)
		b = append(b, e.Name...)
		b = append(b, '"')
	}
	b = append(b, `,"time":`...)
	b = strconv.AppendInt(b, e.Time, 10)
	if e.Author != nil {
		b = append(b, `,"author":{"sub":`...)
		b = appendString(b, e.Author.Sub)
		if e.Author.Name != "" {
			b = append(b, `,"name":`...)
			b = appendString(b, e.Author.Name)
		}
		b = append(b, '}')
	}
	if e.Redacted {
		b = append(b, `,"redacted":true`...)
	}
	b = append(b, `,"data":`...)
	b = append(b, e.Data...)
	return append(b, '}')
}

// appendString appends s as a JSON string; bytes that are not UTF-8 become
// U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// ParseEntry reads the stored form. The entry owns its memory.
func ParseEntry(stored []byte) (Entry, error) {
	var e Entry
	err := json.Unmarshal(stored, &e)
	return e, err
}

// AppendEntryMessage appends the message that tells a reader of topic an
// entry, given in its stored form: the same object with type and topic in
// front.
func AppendEntryMessage(b []byte, topic string, stored []byte) []byte {
	b = append(b, `{"type":"entry","topic":`...)
	b = appendString(b, topic)
	b = append(b, ',')
	return append(b, stored[1:]...)
}

// AppendWrapped appends an entry, given in its stored form, with its topic in
// front: {"topic": …, …entry} (rule SSE-5).
func AppendWrapped(b []byte, topic string, stored []byte) []byte {
	b = append(b, `{"topic":`...)
	b = appendString(b, topic)
	b = append(b, ',')
	return append(b, stored[1:]...)
}

// MarshalJSONTo writes the JSON form.
func (c ClientSeq) MarshalJSONTo(enc *jsontext.Encoder) error {
	return json.MarshalEncode(enc, []any{c.Client, c.Seq})
}

// UnmarshalJSONFrom reads the JSON form.
func (c *ClientSeq) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var parts [2]jsontext.Value
	if err := json.UnmarshalDecode(dec, &parts); err != nil {
		return err
	}
	if err := json.Unmarshal(parts[0], &c.Client); err != nil {
		return err
	}
	return json.Unmarshal(parts[1], &c.Seq)
}
