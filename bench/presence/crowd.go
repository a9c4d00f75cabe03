package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

const dialers = 16 // connections that are opened at the same time

// crowd is many connections, each read by a goroutine of its own.
type crowd struct {
	sockets []*socket
	readers sync.WaitGroup
	leaving atomic.Bool
	failed  chan error // the first connection that failed
}

// gather opens n connections, number i with hello(i). Each frame that comes over it
// is told to heard, from i's own goroutine.
func gather(ctx context.Context, c *child, n int, hello func(i int) (frame, answer string), heard func(i int, frame []byte) error) (*crowd, error) {
	all := &crowd{sockets: make([]*socket, n), failed: make(chan error, 1)}
	errs := make([]error, dialers)
	var dialing sync.WaitGroup
	for d := range dialers {
		dialing.Go(func() {
			for i := d; i < n && errs[d] == nil; i += dialers {
				frame, answer := hello(i)
				s, err := dial(ctx, c.system, c.Ready, frame, answer)
				if err != nil {
					errs[d] = fmt.Errorf("connection %d: %w", i, err)
					return
				}
				all.sockets[i] = s
				all.readers.Go(func() { all.read(s, func(frame []byte) error { return heard(i, frame) }) })
			}
		})
	}
	dialing.Wait()
	if err := errors.Join(errs...); err != nil {
		all.leave()
		return nil, err
	}
	return all, nil
}

// as is what each of a crowd says first that comes with one role.
func (c *child) as(r role) func(i int) (frame, answer string) {
	return func(i int) (frame, answer string) { return c.hello(i, r) }
}

func deaf(int, []byte) error { return nil }

func (c *crowd) read(s *socket, heard func(frame []byte) error) {
	for {
		frame, err := s.next()
		if err == nil {
			err = heard(frame)
		}
		if err == nil {
			continue
		}
		c.fail(fmt.Errorf("reader: %w", err))
		return
	}
}

// fail notes what went wrong, unless all are leaving.
func (c *crowd) fail(err error) {
	if c.leaving.Load() {
		return
	}
	select {
	case c.failed <- err:
	default:
	}
}

// fine returns what has gone wrong.
func (c *crowd) fine() error {
	select {
	case err := <-c.failed:
		return err
	default:
		return nil
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
