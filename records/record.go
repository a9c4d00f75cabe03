package records

import (
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// MaxFields is how many fields a record may have, with those that were removed
// since it was set.
const MaxFields = 1000

// Record is a record with who wrote it. It never changes.
type Record struct {
	set     doc.Stamp // of the operation that set it as a whole
	fields  []field   // by name, in the order of UTF-16
	changed uint64    // offset of the last write of any field
}

// field is a field of a record, or one that was removed since the record was
// set.
type field struct {
	name  string
	value jsontext.Value // canonical; nil: it was removed
	write doc.Stamp      // zero: none since the record was set
}

// Stamp is the write that set the record as a whole. What is pending has the
// offset [doc.Pending].
func (r *Record) Stamp() doc.Stamp { return r.set }

// Field returns a field's canonical JSON, or nil. The caller does not change
// it.
func (r *Record) Field(name string) jsontext.Value {
	if i, ok := r.find(name); ok {
		return r.fields[i].value
	}
	return nil
}

// Fields are the record's fields by name, with their canonical JSON, in the
// order of canonical JSON. The caller does not change them.
func (r *Record) Fields() iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		for _, f := range r.fields {
			if f.value != nil && !yield(f.name, f.value) {
				return
			}
		}
	}
}

// LastWrite is that of a field, there or not: what last wrote or removed it, or
// set the record as a whole.
func (r *Record) LastWrite(name string) doc.Stamp {
	if i, ok := r.find(name); ok {
		return r.written(&r.fields[i])
	}
	return r.set
}

func (r *Record) written(f *field) doc.Stamp {
	if f.write.Offset == 0 {
		return r.set
	}
	return f.write
}

// AppendValue appends the record's canonical JSON to b: an object of its
// fields.
func (r *Record) AppendValue(b []byte) []byte {
	b = append(b, '{')
	first := true
	for name, value := range r.Fields() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b, _ = jsontext.AppendQuote(b, name)
		b = append(append(b, ':'), value...)
	}
	return append(b, '}')
}

func (r *Record) find(name string) (int, bool) {
	return slices.BinarySearchFunc(r.fields, name, func(f field, name string) int {
		return protocol.CompareUTF16(f.name, name)
	})
}

// with returns the record with fields written, which are in order. A value nil
// removes one.
func (r *Record) with(writes []field) (*Record, error) {
	fields := make([]field, 0, len(r.fields)+len(writes))
	from := 0
	for _, w := range writes {
		i, found := r.find(w.name)
		fields = append(append(fields, r.fields[from:i]...), w)
		if from = i; found {
			from++
		}
	}
	return newRecord(r.set, append(fields, r.fields[from:]...), max(r.changed, writes[0].write.Offset))
}

// write writes fields, in place. It is for a record that nobody has seen yet.
func (r *Record) write(writes []field) error {
	for _, w := range writes {
		if i, found := r.find(w.name); found {
			r.fields[i] = w
		} else {
			r.fields = slices.Insert(r.fields, i, w)
		}
	}
	r.changed = max(r.changed, writes[0].write.Offset)
	return checkFields(len(r.fields))
}

func checkFields(n int) error {
	if n > MaxFields {
		return protocol.Errorf(protocol.LimitExceeded, "The record would have %d fields, with those that were removed; %d are allowed.", n, MaxFields)
	}
	return nil
}

func newRecord(set doc.Stamp, fields []field, changed uint64) (*Record, error) {
	if err := checkFields(len(fields)); err != nil {
		return nil, err
	}
	return &Record{set, fields, changed}, nil
}

func sortByName(fields []field) {
	slices.SortFunc(fields, func(a, b field) int { return protocol.CompareUTF16(a.name, b.name) })
}
