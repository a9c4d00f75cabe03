package records

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

func (kind) AppendCell(b []byte, cell doc.Cell) []byte {
	r := cell.(*Record)
	b = r.AppendValue(append(b, `{"fields":`...))
	b = strconv.AppendUint(append(b, `,"at":`...), r.set.Offset, 10)
	if r.set.Client != "" {
		b, _ = jsontext.AppendQuote(append(b, `,"by":`...), r.set.Client)
	}
	open := `,"writes":{`
	for i := range r.fields {
		if f := &r.fields[i]; f.write.Offset > 0 {
			b, _ = jsontext.AppendQuote(append(b, open...), f.name)
			b = f.write.Append(append(b, ':'))
			open = ","
		}
	}
	if open == "," {
		b = append(b, '}')
	}
	return append(b, '}')
}

func (kind) CellBytes(cell doc.Cell) int {
	r := cell.(*Record)
	n := len(`{"fields":{},"at":}`) + len(strconv.AppendUint(make([]byte, 0, 20), r.set.Offset, 10))
	if r.set.Client != "" {
		n += len(`,"by":`) + doc.QuotedBytes(r.set.Client)
	}
	there, written := 0, 0
	for i := range r.fields {
		f := &r.fields[i]
		name := doc.QuotedBytes(f.name)
		if f.value != nil {
			there++
			n += name + len(`:`) + len(f.value)
		}
		if f.write.Offset > 0 {
			written++
			n += name + len(`:`) + f.write.Bytes()
		}
	}
	if there > 0 {
		n += there - 1 // commas
	}
	if written > 0 {
		n += len(`,"writes":{}`) + written - 1
	}
	return n
}

func (kind) Same(a, b doc.Cell) bool {
	one, other := a.(*Record).fields, b.(*Record).fields
	for {
		one, other = skipRemoved(one), skipRemoved(other)
		if len(one) == 0 || len(other) == 0 {
			return len(one) == len(other)
		}
		if one[0].name != other[0].name || string(one[0].value) != string(other[0].value) {
			return false
		}
		one, other = one[1:], other[1:]
	}
}

func skipRemoved(fields []field) []field {
	for len(fields) > 0 && fields[0].value == nil {
		fields = fields[1:]
	}
	return fields
}

func (kind) DecodeCell(key string, data []byte) (doc.Cell, error) {
	if err := checkKey(key); err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "%s", protocol.AsError(err).Message)
	}
	bad := protocol.Errorf(protocol.BadMessage, `A record's cell is {"fields": {…}, "at": offset, "by": client, "writes": {field: [offset, client]}}.`)
	var cell struct {
		Fields map[string]jsontext.Value `json:"fields"`
		At     uint64                    `json:"at"`
		By     string                    `json:"by"`
		Writes map[string]doc.Stamp      `json:"writes"`
	}
	if err := doc.Decode(data, &cell, ""); err != nil || cell.Fields == nil || cell.At == 0 {
		return nil, bad
	}
	fields := make([]field, 0, len(cell.Fields))
	for name, value := range cell.Fields {
		fields = append(fields, field{name, value, cell.Writes[name]})
	}
	for name, write := range cell.Writes {
		if _, there := cell.Fields[name]; !there {
			fields = append(fields, field{name: name, write: write})
		}
	}
	sortByName(fields)
	changed := cell.At
	for _, write := range cell.Writes {
		changed = max(changed, write.Offset)
	}
	record, err := newRecord(doc.Stamp{Offset: cell.At, Client: cell.By}, fields, changed)
	if err != nil {
		return nil, bad
	}
	return record, nil
}
