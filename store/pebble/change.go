package pebble

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// Truncate implements store.Log.
func (s *Store) Truncate(ctx context.Context, topic string, before uint64) error {
	return s.do(ctx, &request{topic: topic, done: make(chan error, 1), frees: true, change: func(b *pebble.Batch, h *head) error {
		if !h.known || before <= h.first {
			return nil
		}
		first := min(before, h.last+1)
		ended, err := s.endedTerms(topic, first)
		if err != nil {
			return err
		}
		_ = b.DeleteRange(offsetKey(topic, kindEntry, h.first), offsetKey(topic, kindEntry, first), nil)
		for _, t := range ended {
			_ = b.Delete(offsetKey(topic, kindTerm, t.Offset), nil)
		}
		h.first = first
		_ = b.Set(logKey(topic, kindMark), encodeMark(*h), nil)
		return nil
	}})
}

// endedTerms returns the terms that ended before first-1, but for the latest, as far
// as the durable view knows.
func (s *Store) endedTerms(topic string, first uint64) ([]store.TermStart, error) {
	v := s.durable()
	defer v.release()
	terms, err := v.terms(topic)
	if err != nil {
		return nil, err
	}
	n := 0
	for n+1 < len(terms) && terms[n+1].Offset <= first-1 {
		n++
	}
	return terms[:max(0, n-store.EndedTerms)], nil
}

// Redact implements store.Log. What was there before leaves the disk when
// pebble compacts the tables that hold it.
func (s *Store) Redact(ctx context.Context, topic string, offset uint64, data []byte) error {
	if err := store.CheckRedaction(data); err != nil {
		return err
	}
	return s.do(ctx, &request{topic: topic, done: make(chan error, 1), size: len(data), frees: true, change: func(b *pebble.Batch, h *head) error {
		if !h.known || offset < h.first || offset > h.last {
			return store.ErrMissing
		}
		_ = b.Set(offsetKey(topic, kindEntry, offset), data, nil)
		return nil
	}})
}

// PutSnapshot implements store.Log.
func (s *Store) PutSnapshot(ctx context.Context, topic string, snapshot store.Snapshot) error {
	if err := snapshot.Check(); err != nil {
		return err
	}
	return s.do(ctx, &request{topic: topic, done: make(chan error, 1), size: len(snapshot.Data), change: func(b *pebble.Batch, h *head) error {
		if snapshot.Offset == 0 || snapshot.Offset > h.last {
			return fmt.Errorf("put snapshot: offset %d is not in the log, whose head is %d", snapshot.Offset, h.last)
		}
		if h.snapshot == nil {
			kept, err := s.keptSnapshot(topic)
			if err != nil {
				return err
			}
			h.snapshot = &kept.Offset
		}
		if snapshot.Offset < *h.snapshot {
			return nil
		}
		h.snapshot = &snapshot.Offset
		value := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(snapshot.Data)), snapshot.Offset)
		_ = b.Set(logKey(topic, kindSnapshot), append(value, snapshot.Data...), nil)
		return nil
	}})
}

func (s *Store) keptSnapshot(topic string) (store.Snapshot, error) {
	v := s.durable()
	defer v.release()
	return v.latest(topic)
}
