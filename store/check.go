package store

import "fmt"

// Check returns an error unless the batch may be appended to topic. Backends
// call it first.
func (b *Batch) Check(topic string) error {
	if topic == "" || len(topic) > MaxTopicBytes {
		return fmt.Errorf("append: a topic has 1 to %d bytes, not %d", MaxTopicBytes, len(topic))
	}
	for _, r := range b.Rows {
		if r.Key == "" || len(r.Key) > MaxRowKey {
			return fmt.Errorf("append: a row key has 1 to %d bytes, not %d", MaxRowKey, len(r.Key))
		}
	}
	return nil
}
