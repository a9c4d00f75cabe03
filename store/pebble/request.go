package pebble

import (
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// request waits for the committer: an append, or another change of a topic.
//
// Its batch is the caller's, who may use it anew as soon as the call returned.
// After a failure of the disk the committer may hang within pebble, so the
// caller does not wait for it, but takes the request back. Both decide under
// Store.handing: the committer copies the batch only while the store has not
// failed, and after that the request is either durable, and will be told, or
// was taken back.
type request struct {
	topic   string
	batch   store.Batch
	change  func(b *pebble.Batch, h *head) error // instead of batch; writes nothing if it fails
	size    int                                  // bytes that change writes
	frees   bool                                 // change makes room: it goes on when the disk is full
	done    chan error                           // holds one
	told    store.Appended
	refused error // by the teller, after the commit that it was judged by
	durable bool  // its commit is; guarded by Store.handing
}

func (r *request) bytes() int {
	n := r.size
	for _, e := range r.batch.Entries {
		n += len(e)
	}
	for _, row := range r.batch.Rows {
		n += len(row.Value)
	}
	return n
}

// do queues a request and waits for its outcome.
func (s *Store) do(ctx context.Context, r *request) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if s.guard.frozen() {
		return s.unknown()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failure.failed:
		return s.unknown()
	}
	select {
	case err := <-r.done:
		return err
	case <-s.failure.failed:
	}
	s.handing.Lock()
	durable := r.durable
	s.handing.Unlock()
	if durable {
		return <-r.done
	}
	select {
	case err := <-r.done:
		return err
	default:
		return s.unknown()
	}
}
