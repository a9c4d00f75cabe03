package store

import (
	"fmt"
	"slices"
)

// Check returns an error unless the batch may be appended to topic. Backends
// call it first.
func (b *Batch) Check(topic string) error {
	if topic == "" || len(topic) > MaxTopicBytes {
		return fmt.Errorf("append: a topic has 1 to %d bytes, not %d", MaxTopicBytes, len(topic))
	}
	if n := len(b.Entries) + len(b.Rows); n > MaxBatchItems {
		return fmt.Errorf("append: a batch has up to %d entries and rows, not %d", MaxBatchItems, n)
	}
	size := 0
	for _, e := range b.Entries {
		size += len(e)
	}
	for _, r := range b.Rows {
		if r.Key == "" || len(r.Key) > MaxRowKey {
			return fmt.Errorf("append: a row key has 1 to %d bytes, not %d", MaxRowKey, len(r.Key))
		}
		size += len(r.Key) + len(r.Value)
	}
	if size > MaxBatchBytes {
		return fmt.Errorf("append: a batch has up to %d bytes, not %d", MaxBatchBytes, size)
	}
	return nil
}

// CheckRedaction returns an error unless data may stand in place of an entry.
// Backends call it first.
func CheckRedaction(data []byte) error {
	if len(data) > MaxBatchBytes {
		return fmt.Errorf("redact: an entry has up to %d bytes, not %d", MaxBatchBytes, len(data))
	}
	return nil
}

// Check returns an error unless the snapshot's size is within the limits.
// Backends call it first.
func (s Snapshot) Check() error {
	if len(s.Data) > MaxSnapshotBytes {
		return fmt.Errorf("put snapshot: a snapshot has up to %d bytes, not %d", MaxSnapshotBytes, len(s.Data))
	}
	return nil
}

// CheckLimit returns an error unless a call may ask for up to limit things.
// Backends call it first.
func CheckLimit(limit int) error {
	if limit < 1 {
		return fmt.Errorf("a limit is at least 1, not %d", limit)
	}
	return nil
}

// Clone returns a copy of the batch that shares nothing with it.
func (b *Batch) Clone() Batch {
	c := Batch{After: b.After}
	for _, e := range b.Entries {
		c.Entries = append(c.Entries, slices.Clone(e))
	}
	for _, r := range b.Rows {
		c.Rows = append(c.Rows, Row{Key: r.Key, Value: slices.Clone(r.Value)})
	}
	return c
}
