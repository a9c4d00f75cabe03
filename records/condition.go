package records

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Condition is what must hold of a record, or of one of its fields, where an
// operation is applied (rule RECORDS-6). Make one by [Absent], [Present],
// [Equals] or [UnchangedSince], and for a field by their method On:
// records.Equals("open").On("state").
type Condition struct {
	field *string
	test  test
	value any // that equals is about, as given
	want  jsontext.Value
	since uint64
}

type test string

const (
	testAbsent  test = "absent"
	testPresent test = "present"
	testEquals  test = "equals"
	testSince   test = "unchangedSince"
)

// Absent holds if there is none.
func Absent() Condition { return Condition{test: testAbsent} }

// Present holds if there is one.
func Present() Condition { return Condition{test: testPresent} }

// Equals holds if it is there and equals value, which marshals to JSON.
func Equals(value any) Condition { return Condition{test: testEquals, value: value} }

// UnchangedSince holds if it is there and was last written at or below offset;
// a record, with all its fields.
func UnchangedSince(offset uint64) Condition { return Condition{test: testSince, since: offset} }

// On returns the condition for a field of the record, in place of the record as
// a whole.
func (c Condition) On(field string) Condition {
	c.field = &field
	return c
}

// wireCondition is a condition as it stands in the log. One of Equals, Is and
// UnchangedSince is there.
type wireCondition struct {
	Field          *string        `json:"field,omitzero"`
	Equals         jsontext.Value `json:"equals,omitzero"`
	Is             *test          `json:"is,omitzero"`
	UnchangedSince *uint64        `json:"unchangedSince,omitzero"`
}

// MarshalJSON returns the condition as it stands in the log.
func (c Condition) MarshalJSON() ([]byte, error) {
	w := wireCondition{Field: c.field}
	switch c.test {
	case testEquals:
		value, err := json.Marshal(c.value)
		if err != nil {
			return nil, err
		}
		w.Equals = value
	case testSince:
		w.UnchangedSince = &c.since
	default:
		w.Is = &c.test
	}
	return json.Marshal(w)
}

// condition checks one that was read.
func (w *wireCondition) condition() (Condition, error) {
	c := Condition{field: w.Field}
	given := 0
	if w.Equals != nil {
		given++
		c.test, c.want = testEquals, w.Equals
	}
	if w.Is != nil && (*w.Is == testAbsent || *w.Is == testPresent) {
		given++
		c.test = *w.Is
	}
	if w.UnchangedSince != nil {
		given++
		c.test, c.since = testSince, *w.UnchangedSince
	}
	if given != 1 || w.Is != nil && c.test != *w.Is {
		return c, protocol.Errorf(protocol.BadOperation, `A condition is {"field"?, and one of "equals": value, "is": "absent" or "present", "unchangedSince": offset}.`)
	}
	return c, nil
}

// holds says whether the condition holds of a record; nil: there is none.
func (c *Condition) holds(r *Record) bool {
	if c.field != nil {
		return c.holdsOfField(r, *c.field)
	}
	switch c.test {
	case testAbsent:
		return r == nil
	case testPresent:
		return r != nil
	case testEquals:
		return r != nil && r.equals(c.want)
	default:
		return r != nil && r.changed <= c.since
	}
}

func (c *Condition) holdsOfField(r *Record, name string) bool {
	var value jsontext.Value
	if r != nil {
		value = r.Field(name)
	}
	switch c.test {
	case testAbsent:
		return value == nil
	case testPresent:
		return value != nil
	case testEquals:
		return value != nil && string(value) == string(c.want)
	default:
		return value != nil && r.LastWrite(name).Offset <= c.since
	}
}

// equals says whether the record's canonical JSON is want. It looks at no more
// of the record than want is long.
func (r *Record) equals(want jsontext.Value) bool {
	rest := string(want)
	open := "{"
	for name, value := range r.Fields() {
		if len(name) > len(rest) {
			return false
		}
		quoted, _ := jsontext.AppendQuote([]byte(open), name)
		if len(rest) <= len(quoted)+len(value) || rest[:len(quoted)] != string(quoted) ||
			rest[len(quoted)] != ':' || rest[len(quoted)+1:len(quoted)+1+len(value)] != string(value) {
			return false
		}
		rest = rest[len(quoted)+1+len(value):]
		open = ","
	}
	if open == "{" {
		return rest == "{}"
	}
	return rest == "}"
}
