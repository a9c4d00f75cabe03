package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

func closedPart(o options) part {
	return part{
		name:  "closed",
		title: fmt.Sprintf("Fan-out, closed loop: %d subscribers, the next of %d messages when all have the last", o.closed, o.messages),
		figures: []figure{
			{name: "server CPU per delivery, µs", digits: 2},
			{name: "deliveries per second", rate: true},
		},
		servers: []string{"tutti", "tutti, durable", "centrifuge", "centrifuge, history"},
		run:     func(ctx context.Context, c *child) ([]float64, error) { return closed(ctx, c, o) },
	}
}

func closed(ctx context.Context, c *child, o options) ([]float64, error) {
	var got atomic.Int64
	all := make(chan struct{}, 1)
	crowd, err := gather(ctx, c, o.closed, shared, func(int, time.Time) {
		if got.Add(1)%int64(o.closed) == 0 {
			all <- struct{}{}
		}
	})
	if err != nil {
		return nil, err
	}
	defer crowd.leave()
	send := func(messages int) error {
		for range messages {
			if err := c.tell(room, message(time.Now())); err != nil {
				return err
			}
			if err := crowd.await(ctx, all); err != nil {
				return err
			}
		}
		return nil
	}
	if err := send(max(o.messages/10, 1)); err != nil {
		return nil, err
	}
	var took time.Duration
	before, after, err := c.measured(func() error {
		begin := time.Now()
		err := send(o.messages)
		took = time.Since(begin)
		return err
	})
	if err != nil {
		return nil, err
	}
	n := float64(o.closed * o.messages)
	return []float64{micros(after.CPU-before.CPU) / n, n / took.Seconds()}, nil
}
