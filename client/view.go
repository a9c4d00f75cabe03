package client

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tuttisync/tutti/doc"
)

// row is what is shown at one key of a document.
type row[T any] struct {
	key   string
	cell  doc.Cell
	index string // its place in the order of records; empty: none
	value T
}

type viewOptions[T any] struct {
	decode  func(key string, cell any) (T, error)
	index   func(cell any) string      // nil: there are none
	where   func(key string, v T) bool // nil: all
	compare func(a, b *row[T]) int     // ties are by key
}

func byKey[T any](a, b *row[T]) int { return cmp.Compare(a.key, b.key) }

// view is a part of a document, decoded, filtered and in order. It is told which
// keys have changed, and looks at them alone when it is next read.
type view[T any] struct {
	document *Document
	options  viewOptions[T]

	changed map[string]struct{} // not looked at yet; nil: all; under the replica's mu

	mu     sync.Mutex // guards what follows; before the replica's
	byKey  map[string]*row[T]
	sorted []*row[T] // replaced, and never changed
}

func newView[T any](d *Document, options viewOptions[T]) *view[T] {
	v := &view[T]{document: d, options: options, byKey: make(map[string]*row[T])}
	d.follow(d.cells.touched.add(v.touch))
	return v
}

func (v *view[T]) touch(keys []string) {
	if v.changed == nil {
		return
	}
	for _, key := range keys {
		v.changed[key] = struct{}{}
	}
}

// news takes the cells at the keys that have changed.
func (v *view[T]) news() map[string]doc.Cell {
	r := v.document.replica
	r.mu.Lock()
	defer r.mu.Unlock()
	cells := make(map[string]doc.Cell, len(v.changed))
	if v.changed == nil {
		for key, cell := range v.document.cells.state.All() {
			cells[key] = cell
		}
	}
	for key := range v.changed {
		cells[key] = v.document.cells.state.Get(key)
	}
	v.changed = make(map[string]struct{})
	return cells
}

// rows are all, in order. The caller does not change them.
func (v *view[T]) rows() []*row[T] {
	v.mu.Lock()
	defer v.mu.Unlock()
	cells := v.news()
	if len(cells) == 0 {
		return v.sorted
	}
	looked := false
	defer func() {
		if !looked { // a function of the application's has panicked
			v.forget()
		}
	}()
	var gone, come []*row[T]
	for key, cell := range cells {
		old, now := v.byKey[key], v.look(key, cell)
		if old != nil {
			gone = append(gone, old)
		}
		if now == nil {
			delete(v.byKey, key)
			continue
		}
		v.byKey[key] = now
		come = append(come, now)
	}
	v.sorted = v.merge(gone, come)
	looked = true
	return v.sorted
}

// forget makes it look at all again.
func (v *view[T]) forget() {
	v.byKey, v.sorted = make(map[string]*row[T]), nil
	r := v.document.replica
	r.mu.Lock()
	defer r.mu.Unlock()
	v.changed = nil
}

// look returns the row of a cell, or nil if it is not of this view.
func (v *view[T]) look(key string, cell doc.Cell) *row[T] {
	if cell == nil {
		return nil
	}
	value, err := v.options.decode(key, cell)
	if err != nil {
		v.document.replica.fault(err)
		return nil
	}
	if v.options.where != nil && !v.options.where(key, value) {
		return nil
	}
	r := &row[T]{key: key, cell: cell, value: value}
	if v.options.index != nil {
		r.index = v.options.index(cell)
	}
	return r
}

func (v *view[T]) compare(a, b *row[T]) int {
	return cmp.Or(v.options.compare(a, b), byKey(a, b))
}

// merge returns the sorted rows without some and with others.
func (v *view[T]) merge(gone, come []*row[T]) []*row[T] {
	slices.SortFunc(come, v.compare)
	if len(gone) > 0 {
		taken := make(map[*row[T]]bool, len(gone))
		for _, r := range gone {
			taken[r] = true
		}
		v.sorted = slices.DeleteFunc(slices.Clone(v.sorted), func(r *row[T]) bool { return taken[r] })
	}
	rows := make([]*row[T], 0, len(v.sorted)+len(come))
	for _, r := range v.sorted {
		for len(come) > 0 && v.compare(come[0], r) < 0 {
			rows, come = append(rows, come[0]), come[1:]
		}
		rows = append(rows, r)
	}
	return append(rows, come...)
}
