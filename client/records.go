package client

import (
	"cmp"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// RecordsOptions say how a handle of records works.
type RecordsOptions struct {
	DocumentOptions

	// Order is the name of the field that holds a record's place in the order.
	// Empty: order.
	Order string
}

// Records are JSON objects by key, whose fields are last-write-wins in the order
// of the log. A T marshals to a JSON object: a struct with tags, or a map. Values
// that loops and queries give are shared, and not to be changed; those of Get are
// the caller's own.
type Records[T any] struct {
	*Document
	order   string
	all     *view[T]
	history *history
}

// OpenRecords opens a topic as records. It returns at once: [Document.Ready]
// waits, and tells what is wrong with the topic. A record that does not become a
// T is not shown, and told to OnError.
func OpenRecords[T any](c *Client, topic string, options RecordsOptions) *Records[T] {
	r := &Records[T]{Document: c.open(topic, records.Type, options.DocumentOptions), order: cmp.Or(options.Order, "order")}
	r.all = newView(r.Document, r.viewOptions(Query[T]{}))
	r.history = &history{document: r.Document}
	return r
}

// Get returns the record of a key as it is shown, with what is pending.
func (r *Records[T]) Get(key string) (value T, ok bool) {
	shown, _ := r.get(key)
	return r.read(key, shown)
}

// Confirmed returns the record as the server has it, without what is pending.
func (r *Records[T]) Confirmed(key string) (value T, ok bool) {
	_, confirmed := r.get(key)
	return r.read(key, confirmed)
}

// Has says whether there is a record of that key.
func (r *Records[T]) Has(key string) bool {
	shown, _ := r.get(key)
	return shown != nil
}

// Len returns how many records there are.
func (r *Records[T]) Len() int { return len(r.all.rows()) }

// All are the records in order, with their keys, as they are when the loop
// begins.
func (r *Records[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, row := range r.all.rows() {
			if !yield(row.key, row.value) {
				return
			}
		}
	}
}

// Set creates a record or replaces it. Local is the record after it, as of all
// that follow, or nil if there is none.
func (r *Records[T]) Set(key string, value T, guards ...Guard) Made[*T] {
	return r.write(key, func(b *RecordsBatch[T]) { b.Set(key, value, guards...) })
}

// Insert adds a record under a new key, a UUID of version 7: keys ascend in the
// order in which they were made.
func (r *Records[T]) Insert(value T, guards ...Guard) (key string, made Made[*T]) {
	key = newKey()
	return key, r.Set(key, value, guards...)
}

// InsertAfter adds a record under a new key behind another in the order, or as
// the first, if after is empty.
func (r *Records[T]) InsertAfter(after string, value T, guards ...Guard) (key string, made Made[*T]) {
	key = newKey()
	return key, r.write(key, func(b *RecordsBatch[T]) { b.place(key, after, value, guards) })
}

// Patch writes fields of a record that is there: fields marshals to a JSON
// object of them.
func (r *Records[T]) Patch(key string, fields any, guards ...Guard) Made[*T] {
	return r.write(key, func(b *RecordsBatch[T]) { b.Patch(key, fields, guards...) })
}

// Unset removes fields of a record that is there.
func (r *Records[T]) Unset(key string, fields []string, guards ...Guard) Made[*T] {
	return r.write(key, func(b *RecordsBatch[T]) { b.Unset(key, fields, guards...) })
}

// Delete deletes a record that is there.
func (r *Records[T]) Delete(key string, guards ...Guard) Made[*T] {
	return r.write(key, func(b *RecordsBatch[T]) { b.Delete(key, guards...) })
}

// Move moves a record behind another in the order, or to the front, if after is
// empty.
func (r *Records[T]) Move(key, after string, guards ...Guard) Made[*T] {
	return r.write(key, func(b *RecordsBatch[T]) { b.Move(key, after, guards...) })
}

// Batch makes up to 500 changes in order, all or none. Local are the records of
// the keys that it is about, nil for those that are not there.
func (r *Records[T]) Batch(write func(*RecordsBatch[T])) Made[map[string]*T] {
	m, differences := r.edit(write)
	return Made[map[string]*T]{m, r.local(differences)}
}

// Undo reverts the latest mutation made through this handle that is not undone:
// of each field, only if it still holds what was written here. It returns false
// if there is none.
func (r *Records[T]) Undo() (Made[map[string]*T], bool) {
	return r.reverted(r.history.revert(&r.history.undo, &r.history.redo))
}

// Redo reverts the latest Undo.
func (r *Records[T]) Redo() (Made[map[string]*T], bool) {
	return r.reverted(r.history.revert(&r.history.redo, &r.history.undo))
}

// CanUndo says whether there is a mutation that Undo reverts.
func (r *Records[T]) CanUndo() bool { return r.history.has(&r.history.undo) }

// CanRedo says whether there is one that Redo reverts.
func (r *Records[T]) CanRedo() bool { return r.history.has(&r.history.redo) }

// OnOverridden lets fn be called with each value that was overwritten by someone
// who had not seen it (rule RECORDS-10). It returns a function that ends this.
func (r *Records[T]) OnOverridden(fn func(records.Override)) (remove func()) {
	return r.follow(r.cells.folded.add(func(f doc.Folded) {
		for _, c := range f.Cells {
			before, _ := c.Before.(*records.Record)
			after, _ := c.After.(*records.Record)
			for _, o := range records.Overridden(&f.Entry, c.Key, before, after) {
				fn(o)
			}
		}
	}))
}

func (r *Records[T]) write(key string, write func(*RecordsBatch[T])) Made[*T] {
	m, differences := r.edit(write)
	if m.Status() == MutationRejected {
		if value, ok := r.Get(key); ok {
			return Made[*T]{m, &value}
		}
		return Made[*T]{m, nil}
	}
	return Made[*T]{m, r.local(differences)[key]}
}

func (r *Records[T]) edit(write func(*RecordsBatch[T])) (*Mutation, []doc.Replacement) {
	b := &RecordsBatch[T]{records: r, places: make(map[string]place)}
	write(b)
	return r.mutate(b.operation(), b.err, func(m *Mutation, d []doc.Replacement) { r.history.made(m, d) })
}

func (r *Records[T]) reverted(m *Mutation, differences []doc.Replacement) (Made[map[string]*T], bool) {
	if m == nil {
		return Made[map[string]*T]{}, false
	}
	return Made[map[string]*T]{m, r.local(differences)}, true
}

func (r *Records[T]) local(differences []doc.Replacement) map[string]*T {
	local := make(map[string]*T, len(differences))
	for _, d := range differences {
		local[d.Key] = nil
		if value, ok := r.read(d.Key, d.After); ok {
			local[d.Key] = &value
		}
	}
	return local
}

func (r *Records[T]) read(key string, cell doc.Cell) (value T, ok bool) {
	if cell == nil {
		return value, false
	}
	value, err := r.decode(key, cell)
	if err != nil {
		r.replica.fault(err)
		return value, false
	}
	return value, true
}

func (r *Records[T]) decode(key string, cell any) (value T, err error) {
	if err := json.Unmarshal(cell.(*records.Record).AppendValue(nil), &value); err != nil {
		return value, fmt.Errorf("decode the record %.80q: %w", key, err)
	}
	return value, nil
}

// index is a record's place in the order; empty: it has none.
func (r *Records[T]) index(cell any) string {
	record, _ := cell.(*records.Record)
	if record == nil {
		return ""
	}
	return indexOf(record.Field(r.order))
}

func indexOf(field jsontext.Value) string {
	if len(field) < 2 || field[0] != '"' {
		return ""
	}
	if index := string(field[1 : len(field)-1]); records.IsIndex(index) {
		return index
	}
	return ""
}

// byPlace compares by the index, those without one last.
func byPlace[T any](a, b *row[T]) int {
	if a.index == "" || b.index == "" {
		return cmp.Compare(b.index, a.index)
	}
	return cmp.Compare(a.index, b.index)
}

func newKey() string {
	id, err := uuid.NewV7()
	if err != nil {
		panic("client: read random bytes: " + err.Error())
	}
	return id.String()
}

// missing is the error of what is to stand behind a record that is not there.
func missing(key string) error {
	return protocol.Errorf(protocol.Missing, "There is no record %.80q to stand behind.", key)
}
