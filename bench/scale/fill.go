package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/internal/load"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/pebble"
)

const (
	perBatch = 10_000
	writers  = 256
	dataSize = 100
)

func room(i int) string { return fmt.Sprintf("bench:room-%06d", i) }

// filler adds entries to topics as the sequencer would, over the store's own
// interface.
type filler struct {
	log  store.Log
	data []byte
}

// fill opens the store in dir, fills it, and closes it.
func fill(ctx context.Context, dir string, with func(ctx context.Context, f *filler) error) error {
	log, err := pebble.Open(pebble.Config{Dir: dir})
	if err != nil {
		return err
	}
	f := &filler{log: log, data: load.Message(time.Now(), dataSize)}
	return errors.Join(with(ctx, f), log.Close())
}

// entries appends n entries to a topic, each of a new client if rows is set.
func (f *filler) entries(ctx context.Context, name string, n int, rows bool) error {
	head, err := f.log.Head(ctx, name)
	if err != nil {
		return err
	}
	terms, err := f.log.Terms(ctx, name)
	if err != nil {
		return err
	}
	s := topic.NewSequencer(f.log.Term(), topic.State{Head: head.Last, Terms: terms})
	for done := 0; done < n; {
		now := time.Now()
		for range min(perBatch, n-done) {
			c := &topic.Command{Data: f.data}
			if rows {
				c.Client, c.Run, c.Seq, c.Born = clientID(head.Last+uint64(done)), 1, 1, now
			}
			if v := s.Judge(now, 0, c); v.Kind != topic.Accepted {
				return fmt.Errorf("entry %d: %+v", done, v)
			}
			done++
		}
		b, _ := s.Batch()
		if err := f.log.Append(ctx, name, b); err != nil {
			return err
		}
		s.Commit()
	}
	return nil
}

// clientID is an id as one looks, spread over all there could be.
func clientID(i uint64) string {
	return fmt.Sprintf("%016x%06d", i*0x9e3779b97f4a7c15, i%1_000_000)
}

// topics appends n entries to each of the topics from to below to.
func (f *filler) topics(ctx context.Context, from, to, n int) error {
	var next atomic.Int64
	next.Store(int64(from))
	errs := make([]error, writers)
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := int(next.Add(1) - 1); i < to && errs[w] == nil; i = int(next.Add(1) - 1) {
				errs[w] = f.entries(ctx, room(i), n, false)
			}
		})
	}
	writing.Wait()
	return errors.Join(errs...)
}
