package client

import (
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// Guard says when an operation on a record is to be rejected.
type Guard func(*guard)

type guard struct {
	conditions []records.Condition
	unseen     records.Unseen
}

// If makes the server reject the operation (precondition_failed) unless the
// conditions hold at its place in the log; up to 16.
func If(conditions ...records.Condition) Guard {
	return func(g *guard) { g.conditions = append(g.conditions, conditions...) }
}

// IfUnseen says what becomes of an operation that would overwrite or remove what
// others wrote and this client had not seen: with records.Reject it is rejected
// (overwrites_unseen).
func IfUnseen(unseen records.Unseen) Guard {
	return func(g *guard) { g.unseen = unseen }
}

func guarded(all []Guard) (g guard) {
	for _, apply := range all {
		apply(&g)
	}
	return g
}

// RecordsBatch gathers changes of records that are made all together or not at
// all.
type RecordsBatch[T any] struct {
	records *Records[T]
	ops     []records.Op
	places  map[string]place // of the records that the batch has touched
	err     error            // the first that was wrong
}

// place is where a record is after the changes so far.
type place struct {
	index   string // empty: it has none
	deleted bool
}

// Set creates a record or replaces it.
func (b *RecordsBatch[T]) Set(key string, value T, guards ...Guard) { b.set(key, value, guards) }

// Insert adds a record under a new key, and returns that.
func (b *RecordsBatch[T]) Insert(value T, guards ...Guard) (key string) {
	key = newKey()
	b.set(key, value, guards)
	return key
}

// InsertAfter adds a record under a new key behind another in the order, or as
// the first, if after is empty. It returns the key.
func (b *RecordsBatch[T]) InsertAfter(after string, value T, guards ...Guard) (key string) {
	key = newKey()
	b.place(key, after, value, guards)
	return key
}

// Patch writes fields of a record that is there: fields marshals to a JSON
// object of them.
func (b *RecordsBatch[T]) Patch(key string, fields any, guards ...Guard) {
	object, err := b.object(fields)
	if err != nil {
		return
	}
	if index, ok := object[b.records.order]; ok {
		b.places[key] = place{index: indexOf(index)}
	}
	g := guarded(guards)
	b.ops = append(b.ops, records.Patch{Key: key, Set: object, If: g.conditions, IfUnseen: g.unseen})
}

// Unset removes fields of a record that is there.
func (b *RecordsBatch[T]) Unset(key string, fields []string, guards ...Guard) {
	if slices.Contains(fields, b.records.order) {
		b.places[key] = place{}
	}
	g := guarded(guards)
	b.ops = append(b.ops, records.Patch{Key: key, Unset: slices.Clone(fields), If: g.conditions, IfUnseen: g.unseen})
}

// Delete deletes a record that is there.
func (b *RecordsBatch[T]) Delete(key string, guards ...Guard) {
	b.places[key] = place{deleted: true}
	g := guarded(guards)
	b.ops = append(b.ops, records.Delete{Key: key, If: g.conditions, IfUnseen: g.unseen})
}

// Move moves a record behind another in the order, or to the front, if after is
// empty.
func (b *RecordsBatch[T]) Move(key, after string, guards ...Guard) {
	if index, err := b.between(after, key); err == nil {
		b.Patch(key, map[string]string{b.records.order: index}, guards...)
	}
}

func (b *RecordsBatch[T]) place(key, after string, value T, guards []Guard) {
	object, err := b.object(value)
	if err != nil {
		return
	}
	index, err := b.between(after, "")
	if err != nil {
		return
	}
	object[b.records.order] = jsontext.Value(`"` + index + `"`)
	b.set(key, object, guards)
}

func (b *RecordsBatch[T]) set(key string, value any, guards []Guard) {
	object, err := b.object(value)
	if err != nil {
		return
	}
	b.places[key] = place{index: indexOf(object[b.records.order])}
	g := guarded(guards)
	b.ops = append(b.ops, records.Set{Key: key, Value: object, If: g.conditions, IfUnseen: g.unseen})
}

// object returns the fields of what marshals to a JSON object.
func (b *RecordsBatch[T]) object(value any) (map[string]jsontext.Value, error) {
	raw, err := marshal(value)
	var object map[string]jsontext.Value
	if err == nil {
		err = json.Unmarshal(raw, &object)
	}
	if err != nil || object == nil {
		err = protocol.Errorf(protocol.BadOperation, "What is written is a JSON object of fields.")
		b.wrong(err)
	}
	return object, err
}

func (b *RecordsBatch[T]) wrong(err error) {
	if b.err == nil {
		b.err = err
	}
}

// operation is that of all.
func (b *RecordsBatch[T]) operation() any {
	if len(b.ops) == 1 {
		return b.ops[0]
	}
	return records.Batch{Ops: b.ops}
}

// between returns an index behind that of a record, or before all if after is
// empty, and before the next one's, whatever is being moved.
func (b *RecordsBatch[T]) between(after, moving string) (string, error) {
	rows := b.records.all.rows()
	low, err := b.low(rows, after)
	if err != nil {
		b.wrong(err)
		return "", err
	}
	high := ""
	consider := func(key, index string) {
		if key != moving && index > low && (high == "" || index < high) {
			high = index
		}
	}
	first := sort.Search(len(rows), func(i int) bool { return rows[i].index == "" || rows[i].index > low })
	for _, r := range rows[first:] {
		if _, ok := b.places[r.key]; !ok {
			consider(r.key, r.index)
		}
		if high != "" || r.index == "" {
			break
		}
	}
	for key, p := range b.places {
		consider(key, p.index)
	}
	return records.Between(low, high, rand.Float64)
}

// low returns a record's index; if it has none, that of the last record that has
// one.
func (b *RecordsBatch[T]) low(rows []*row[T], after string) (string, error) {
	if after == "" {
		return "", nil
	}
	p, ok := b.places[after]
	if !ok {
		shown, _ := b.records.get(after)
		p = place{index: b.records.index(shown), deleted: shown == nil}
	}
	if p.deleted {
		return "", missing(after)
	}
	if p.index != "" {
		return p.index, nil
	}
	last := ""
	for _, r := range rows {
		if _, ok := b.places[r.key]; !ok {
			last = max(last, r.index)
		}
	}
	for _, p := range b.places {
		last = max(last, p.index)
	}
	return last, nil
}
