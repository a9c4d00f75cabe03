package client

import (
	"cmp"
	"slices"
	"sync"
)

// Query says which records are wanted, in which order. Its functions must not
// use the query.
type Query[T any] struct {
	Where   func(key string, value T) bool // nil: all
	Compare func(a, b T) int               // as of slices.SortFunc, ties by key; nil: by the order of records
	Limit   int                            // the first so many; 0: all
}

// Row is a record with its key.
type Row[T any] struct {
	Key   string
	Value T
}

// LiveQuery is a part of records that is kept up to date. It ends with its
// handle, or with Close.
type LiveQuery[T any] struct {
	document *Document
	view     *view[T]
	limit    int
	told     observerList[[]Row[T]]
	end      func()

	mu     sync.Mutex // guards latest
	latest []*row[T]  // as it was told
}

// Query follows a part of the records.
func (r *Records[T]) Query(q Query[T]) *LiveQuery[T] {
	l := &LiveQuery[T]{document: r.Document, view: newView(r.Document, r.viewOptions(q)), limit: q.Limit}
	l.latest = l.rows()
	l.end = r.follow(r.replica.changed.add(func([]string) { l.look() }))
	return l
}

// Rows are the records, in order. Their values are shared, and not to be
// changed.
func (l *LiveQuery[T]) Rows() []Row[T] { return told(l.rows()) }

// Subscribe lets fn be called with the rows after each change of them. It
// returns a function that ends this.
func (l *LiveQuery[T]) Subscribe(fn func([]Row[T])) (unsubscribe func()) { return l.told.add(fn) }

// Close ends the query: nobody is told any more.
func (l *LiveQuery[T]) Close() { l.end() }

func (l *LiveQuery[T]) rows() []*row[T] {
	rows := l.view.rows()
	if l.limit > 0 && l.limit < len(rows) {
		return rows[:l.limit]
	}
	return rows
}

// look is called from the dispatcher's goroutine.
func (l *LiveQuery[T]) look() {
	now := l.rows()
	l.mu.Lock()
	same := slices.EqualFunc(l.latest, now, func(a, b *row[T]) bool { return a.key == b.key && a.cell == b.cell })
	l.latest = now
	l.mu.Unlock()
	if same {
		return
	}
	for _, o := range l.told.all() {
		o.call(told(now))
	}
}

func told[T any](rows []*row[T]) []Row[T] {
	all := make([]Row[T], len(rows))
	for i, r := range rows {
		all[i] = Row[T]{r.key, r.value}
	}
	return all
}

func (r *Records[T]) viewOptions(q Query[T]) viewOptions[T] {
	o := viewOptions[T]{decode: r.decode, index: r.index, where: q.Where, compare: byPlace[T]}
	if q.Compare != nil {
		o.compare = func(a, b *row[T]) int { return cmp.Compare(q.Compare(a.value, b.value), 0) }
	}
	return o
}
