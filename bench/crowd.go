package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/internal/load"
)

const dialers = 16 // connections that are opened at the same time

// crowd is many subscribed connections, each read by a goroutine of its own.
type crowd struct {
	sockets []*socket
	readers sync.WaitGroup
	leaving atomic.Bool
	failed  chan error // the first connection that failed
}

// gather connects n clients, client i to topic(i). Each delivery to client i is
// told to received, from i's own goroutine.
func gather(ctx context.Context, c *child, n int, topic func(i int) string, received func(i int, sent time.Time)) (*crowd, error) {
	crowd := &crowd{sockets: make([]*socket, n), failed: make(chan error, 1)}
	errs := make([]error, dialers)
	var dialing sync.WaitGroup
	for d := range dialers {
		dialing.Go(func() {
			for i := d; i < n && errs[d] == nil; i += dialers {
				s, err := dial(ctx, c, i, topic(i))
				if err != nil {
					errs[d] = fmt.Errorf("connection %d: %w", i, err)
					return
				}
				crowd.sockets[i] = s
				crowd.readers.Go(func() { crowd.read(s, func(sent time.Time) { received(i, sent) }) })
			}
		})
	}
	dialing.Wait()
	if err := errors.Join(errs...); err != nil {
		crowd.leave()
		return nil, err
	}
	return crowd, nil
}

func (c *crowd) read(s *socket, received func(sent time.Time)) {
	for {
		frame, err := s.next()
		if err == nil {
			err = load.EachDue(frame, received)
		}
		if err == nil {
			continue
		}
		if !c.leaving.Load() {
			select {
			case c.failed <- fmt.Errorf("subscriber: %w", err):
			default:
			}
		}
		return
	}
}

// leave closes all connections and waits for their goroutines.
func (c *crowd) leave() {
	c.leaving.Store(true)
	for _, s := range c.sockets {
		if s != nil {
			_ = s.conn.Close()
		}
	}
	c.readers.Wait()
}

// await waits for done to be told; a connection that fails or too much time
// ends it.
func (c *crowd) await(ctx context.Context, done <-chan struct{}) error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case err := <-c.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timeout.C:
		return errors.New("deliveries are missing")
	}
}
