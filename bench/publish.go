package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

func publishPart(o options, publishers int) part {
	return part{
		name:  fmt.Sprintf("publish-%d", publishers),
		title: fmt.Sprintf("Publish: %d clients on one topic without subscribers, each its next message when the last is acknowledged", publishers),
		figures: []figure{
			{name: "acknowledged per second", rate: true},
			{name: "server CPU per publish, µs", digits: 1},
		},
		servers: []string{"tutti", "tutti, durable", "centrifuge", "centrifuge, history"},
		run:     func(ctx context.Context, c *child) ([]float64, error) { return publish(ctx, c, o, publishers) },
	}
}

func publish(ctx context.Context, c *child, o options, publishers int) ([]float64, error) {
	sockets := make([]*socket, publishers)
	defer func() {
		for _, s := range sockets {
			if s != nil {
				_ = s.conn.Close()
			}
		}
	}()
	for i := range sockets {
		s, err := dial(ctx, c, i, "")
		if err != nil {
			return nil, err
		}
		sockets[i] = s
	}
	if _, _, err := publishFor(ctx, sockets, o.publishing/10); err != nil {
		return nil, err
	}
	var acked int
	var took time.Duration
	before, after, err := c.measured(func() (err error) {
		acked, took, err = publishFor(ctx, sockets, o.publishing)
		return err
	})
	if err != nil {
		return nil, err
	}
	n := float64(acked)
	return []float64{n / took.Seconds(), micros(after.CPU-before.CPU) / n}, nil
}

// publishFor lets all publish for as long as lasts, at least once each, and
// returns how many messages were acknowledged in which time.
func publishFor(ctx context.Context, sockets []*socket, lasts time.Duration) (acked int, took time.Duration, err error) {
	counts := make([]int, len(sockets))
	errs := make([]error, len(sockets))
	var publishing sync.WaitGroup
	begin := time.Now()
	for i, s := range sockets {
		publishing.Go(func() {
			if errs[i] = s.conn.SetDeadline(begin.Add(lasts + patience)); errs[i] != nil {
				return
			}
			for counts[i] == 0 || (time.Since(begin) < lasts && ctx.Err() == nil) {
				if errs[i] = s.publish(room, message(time.Now())); errs[i] != nil {
					return
				}
				counts[i]++
			}
		})
	}
	publishing.Wait()
	took = time.Since(begin)
	for _, n := range counts {
		acked += n
	}
	return acked, took, errors.Join(append(errs, context.Cause(ctx))...)
}
