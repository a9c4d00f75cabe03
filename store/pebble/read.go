package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// A mark keeps first and last of a topic that was truncated, since its newest
// entry may be gone.
func encodeMark(h head) []byte {
	b := binary.BigEndian.AppendUint64(nil, h.first)
	return binary.BigEndian.AppendUint64(b, h.last)
}

// get returns a copy of the value of key, nil if there is none.
func (v *view) get(key []byte) ([]byte, error) {
	value, closer, err := v.snapshot.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	own := append([]byte{}, value...)
	return own, closer.Close()
}

// each calls fn with the keys in [from, to) until it returns false. The slices
// are valid until fn returns.
func (v *view) each(from, to []byte, fn func(key, value []byte) bool) error {
	it, err := v.snapshot.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !fn(it.Key(), value) {
			break
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// last returns the highest key with the prefix, and its value.
func (v *view) last(prefix []byte) (key, value []byte, err error) {
	it, err := v.snapshot.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return nil, nil, err
	}
	if it.Last() {
		value, err = it.ValueAndErr()
		key, value = slices.Clone(it.Key()), slices.Clone(value)
	}
	return key, value, errors.Join(err, it.Error(), it.Close())
}

func (v *view) head(topic string) (head, error) {
	h := head{first: 1}
	known, err := v.get(topicKey(topic))
	if err != nil || known == nil {
		return h, err
	}
	h.known = true
	mark, err := v.get(logKey(topic, kindMark))
	if err != nil {
		return h, err
	}
	if len(mark) == 16 {
		h.first, h.last = binary.BigEndian.Uint64(mark), binary.BigEndian.Uint64(mark[8:])
	}
	key, _, err := v.last(logKey(topic, kindEntry))
	if err != nil {
		return h, err
	}
	if key != nil {
		h.last = max(h.last, offsetOf(key))
	}
	_, term, err := v.last(logKey(topic, kindTerm))
	h.term = string(term)
	return h, err
}

// Head implements store.Log.
func (s *Store) Head(_ context.Context, topic string) (store.Head, error) {
	v, err := s.look()
	if err != nil {
		return store.Head{}, err
	}
	defer s.looked(v)
	h, err := v.head(topic)
	if err != nil {
		return store.Head{}, fmt.Errorf("read head: %w", err)
	}
	return store.Head{First: h.first, Last: h.last, Term: h.term}, nil
}

// Read implements store.Log.
func (s *Store) Read(_ context.Context, topic string, after uint64, limit, maxBytes int) ([]store.Entry, error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	defer s.looked(v)
	if after == 1<<64-1 {
		return nil, nil
	}
	var entries []store.Entry
	bytes := 0
	err = v.each(offsetKey(topic, kindEntry, after+1), logKey(topic, kindEntry+1), func(key, value []byte) bool {
		if bytes += len(value); bytes > maxBytes && len(entries) > 0 {
			return false
		}
		entries = append(entries, store.Entry{Offset: offsetOf(key), Data: append([]byte{}, value...)})
		return len(entries) < limit
	})
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	return entries, nil
}

func (v *view) terms(topic string) ([]store.TermStart, error) {
	var terms []store.TermStart
	err := v.each(logKey(topic, kindTerm), logKey(topic, kindTerm+1), func(key, value []byte) bool {
		terms = append(terms, store.TermStart{Term: string(value), Offset: offsetOf(key)})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	return terms, nil
}

// Terms implements store.Log.
func (s *Store) Terms(_ context.Context, topic string) ([]store.TermStart, error) {
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	defer s.looked(v)
	return v.terms(topic)
}

// Row implements store.Log.
func (s *Store) Row(_ context.Context, topic, key string) ([]byte, error) {
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	defer s.looked(v)
	value, err := v.get(rowKey(topic, key))
	if err != nil {
		return nil, fmt.Errorf("read row: %w", err)
	}
	return value, nil
}

// Rows implements store.Log.
func (s *Store) Rows(_ context.Context, topic, above string, limit int) ([]store.Row, error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	defer s.looked(v)
	prefix := len(logKey(topic, kindRow))
	var rows []store.Row
	err = v.each(append(rowKey(topic, above), 0), logKey(topic, kindRow+1), func(key, value []byte) bool {
		rows = append(rows, store.Row{Key: string(key[prefix:]), Value: append([]byte{}, value...)})
		return len(rows) < limit
	})
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return rows, nil
}

// latest returns the topic's snapshot, the zero one if there is none.
func (v *view) latest(topic string) (store.Snapshot, error) {
	value, err := v.get(logKey(topic, kindSnapshot))
	if err != nil {
		return store.Snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	if len(value) < 8 {
		return store.Snapshot{}, nil
	}
	return store.Snapshot{Offset: binary.BigEndian.Uint64(value), Data: value[8:]}, nil
}

// Snapshot implements store.Log.
func (s *Store) Snapshot(_ context.Context, topic string, maxOffset uint64) (store.Snapshot, error) {
	v, err := s.look()
	if err != nil {
		return store.Snapshot{}, err
	}
	defer s.looked(v)
	snapshot, err := v.latest(topic)
	if err != nil || (maxOffset > 0 && snapshot.Offset > maxOffset) {
		return store.Snapshot{}, err
	}
	return snapshot, nil
}

// Topics implements store.Log.
func (s *Store) Topics(_ context.Context, prefix, above string, limit int) ([]string, error) {
	if err := store.CheckLimit(limit); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	v, err := s.look()
	if err != nil {
		return nil, err
	}
	defer s.looked(v)
	var topics []string
	err = v.each(topicKey(max(prefix, above)), []byte{spaceTopic + 1}, func(key, _ []byte) bool {
		topic := parseTopic(key)
		if !strings.HasPrefix(topic, prefix) {
			return topic < prefix
		}
		if topic > above {
			topics = append(topics, topic)
		}
		return len(topics) < limit
	})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return topics, nil
}
