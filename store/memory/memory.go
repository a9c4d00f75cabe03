// Package memory is the reference store: a Log that lives in this process's
// memory. It serves tests and namespaces of durability memory.
//
// All that Append wrote is durable at once, as far as memory can be. Followers
// are called from within Append, so one goroutine sees everything happen in
// order. A Store starts no goroutine.
package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tuttisync/tutti/store"
)

// Store is a store.Log in memory.
type Store struct {
	term string

	appending sync.Mutex // one append at a time: followers see their order

	mu        sync.RWMutex // guards the fields below
	logs      map[string]*log
	followers []follower // replaced, never changed
	nextID    int
	closed    bool
}

type follower struct {
	id int
	fn func(store.Appended)
}

// log is one topic's.
type log struct {
	first    uint64   // offset of entries[0]
	entries  [][]byte // from first on
	terms    []store.TermStart
	rows     map[string][]byte
	snapshot store.Snapshot
}

func (l *log) last() uint64 { return l.first + uint64(len(l.entries)) - 1 }

var _ store.Log = (*Store)(nil)

// New returns an empty store.
func New() *Store { return newStore(store.NewTerm()) }

func newStore(term string) *Store {
	return &Store{term: term, logs: make(map[string]*log)}
}

// Restart closes the store and returns another that holds the same and goes on
// with the given term, as a process does that was killed and started again. An
// empty term stands for a fresh one.
func (s *Store) Restart(term string) *Store {
	if term == "" {
		term = store.NewTerm()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	next := newStore(term)
	next.logs, s.logs = s.logs, make(map[string]*log)
	return next
}

// Clone returns a store that holds what s holds now, with a fresh term: a
// backup, restored.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	clone := newStore(store.NewTerm())
	for name, l := range s.logs {
		c := *l
		c.entries, c.terms, c.rows = slices.Clone(l.entries), slices.Clone(l.terms), maps.Clone(l.rows)
		clone.logs[name] = &c
	}
	return clone
}

// Term implements store.Log.
func (s *Store) Term() string { return s.term }

// Shards implements store.Log.
func (s *Store) Shards() int { return 1 }

// Append implements store.Log.
func (s *Store) Append(ctx context.Context, topic string, b store.Batch) error {
	if err := b.Check(topic); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	told, err := s.write(topic, b)
	if err != nil || len(told.Entries) == 0 {
		return err
	}
	s.mu.RLock()
	followers := s.followers
	s.mu.RUnlock()
	for _, f := range followers {
		f.fn(told)
	}
	return nil
}

func (s *Store) write(topic string, b store.Batch) (store.Appended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.Appended{}, store.ErrClosed
	}
	l := s.logs[topic]
	if l == nil {
		l = &log{first: 1, rows: make(map[string][]byte)}
	}
	last := l.last()
	if last != b.After {
		return store.Appended{}, store.ErrConflict
	}
	s.logs[topic] = l
	for _, e := range b.Entries {
		l.entries = append(l.entries, slices.Clone(e))
	}
	if n := len(l.terms); len(b.Entries) > 0 && (n == 0 || l.terms[n-1].Term != s.term) {
		l.terms = append(l.terms, store.TermStart{Term: s.term, Offset: last + 1})
	}
	for _, r := range b.Rows {
		if r.Value == nil {
			delete(l.rows, r.Key)
		} else {
			l.rows[r.Key] = slices.Clone(r.Value)
		}
	}
	return store.Appended{Topic: topic, First: last + 1, Entries: slices.Clip(l.entries[len(l.entries)-len(b.Entries):])}, nil
}

// look calls fn with the topic's log, nil if there is none.
func (s *Store) look(topic string, fn func(l *log)) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	fn(s.logs[topic])
	return nil
}

// Read implements store.Log.
func (s *Store) Read(_ context.Context, topic string, after uint64, limit, maxBytes int) ([]store.Entry, error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	var found []store.Entry
	err := s.look(topic, func(l *log) {
		if l == nil || after >= l.last() {
			return
		}
		bytes := 0
		for o := max(after+1, l.first); o <= l.last() && len(found) < limit; o++ {
			data := l.entries[o-l.first]
			if bytes += len(data); bytes > maxBytes && len(found) > 0 {
				return
			}
			found = append(found, store.Entry{Offset: o, Data: slices.Clone(data)})
		}
	})
	return found, err
}

// Head implements store.Log.
func (s *Store) Head(_ context.Context, topic string) (store.Head, error) {
	head := store.Head{First: 1}
	err := s.look(topic, func(l *log) {
		if l == nil {
			return
		}
		head = store.Head{First: l.first, Last: l.last()}
		if n := len(l.terms); n > 0 {
			head.Term = l.terms[n-1].Term
		}
	})
	return head, err
}

// Terms implements store.Log.
func (s *Store) Terms(_ context.Context, topic string) (terms []store.TermStart, err error) {
	err = s.look(topic, func(l *log) {
		if l != nil {
			terms = slices.Clone(l.terms)
		}
	})
	return terms, err
}

// Row implements store.Log.
func (s *Store) Row(_ context.Context, topic, key string) (value []byte, err error) {
	err = s.look(topic, func(l *log) {
		if l != nil {
			value = slices.Clone(l.rows[key])
		}
	})
	return value, err
}

// Rows implements store.Log.
func (s *Store) Rows(_ context.Context, topic, after string, limit int) (rows []store.Row, err error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	err = s.look(topic, func(l *log) {
		if l == nil {
			return
		}
		for _, key := range page(maps.Keys(l.rows), "", after, limit) {
			rows = append(rows, store.Row{Key: key, Value: slices.Clone(l.rows[key])})
		}
	})
	return rows, err
}

// Truncate implements store.Log.
func (s *Store) Truncate(_ context.Context, topic string, before uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	l := s.logs[topic]
	if l == nil || before <= l.first {
		return nil
	}
	n := min(before, l.last()+1) - l.first
	l.entries = slices.Clone(l.entries[n:])
	l.first += n
	ended := 0
	for ended+1 < len(l.terms) && l.terms[ended+1].Offset < l.first {
		ended++
	}
	l.terms = slices.Clone(l.terms[max(0, ended-store.EndedTerms):])
	return nil
}

// Redact implements store.Log.
func (s *Store) Redact(ctx context.Context, topic string, offset uint64, data []byte) error {
	if err := store.CheckRedaction(data); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.appending.Lock() // followers may be reading the entry
	defer s.appending.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	l := s.logs[topic]
	if l == nil || offset < l.first || offset > l.last() {
		return store.ErrMissing
	}
	l.entries[offset-l.first] = slices.Clone(data)
	return nil
}

// PutSnapshot implements store.Log.
func (s *Store) PutSnapshot(_ context.Context, topic string, snapshot store.Snapshot) error {
	if err := snapshot.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	l, last := s.logs[topic], uint64(0)
	if l != nil {
		last = l.last()
	}
	if snapshot.Offset == 0 || snapshot.Offset > last {
		return fmt.Errorf("put snapshot: offset %d is not in the log, whose head is %d", snapshot.Offset, last)
	}
	if snapshot.Offset >= l.snapshot.Offset {
		l.snapshot = store.Snapshot{Offset: snapshot.Offset, Data: slices.Clone(snapshot.Data)}
	}
	return nil
}

// Snapshot implements store.Log.
func (s *Store) Snapshot(_ context.Context, topic string, maxOffset uint64) (snapshot store.Snapshot, err error) {
	err = s.look(topic, func(l *log) {
		if l != nil && (maxOffset == 0 || l.snapshot.Offset <= maxOffset) {
			snapshot = store.Snapshot{Offset: l.snapshot.Offset, Data: slices.Clone(l.snapshot.Data)}
		}
	})
	return snapshot, err
}

// Topics implements store.Log.
func (s *Store) Topics(_ context.Context, prefix, after string, limit int) ([]string, error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	return page(maps.Keys(s.logs), prefix, after, limit), nil
}

// page returns the lowest limit names with the prefix that are above after.
func page(names func(func(string) bool), prefix, after string, limit int) []string {
	var found []string
	for name := range names {
		if name > after && strings.HasPrefix(name, prefix) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), limit)]
}

// Follow implements store.Log.
func (s *Store) Follow(shard int, fn func(store.Appended)) (func(), error) {
	if shard != 0 {
		return nil, fmt.Errorf("follow: there is no shard %d", shard)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	id := s.nextID
	s.nextID++
	s.followers = append(slices.Clip(s.followers), follower{id, fn})
	return func() {
		s.appending.Lock()
		defer s.appending.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers = slices.DeleteFunc(slices.Clone(s.followers), func(f follower) bool { return f.id == id })
	}, nil
}

// Close implements store.Log.
func (s *Store) Close() error {
	s.appending.Lock()
	defer s.appending.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
