package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// sampled is how many subscribers share one whose latencies are kept.
const sampled = 10

func openPart(o options) part {
	return part{
		name:  "open",
		title: fmt.Sprintf("Fan-out, open loop: %d subscribers, %d messages a second for %v", o.open, o.rate, o.lasts),
		figures: []figure{
			{name: "server CPU per delivery, µs", digits: 2},
			{name: "latency, median, ms", digits: 1},
			{name: "latency, 99th percentile, ms", digits: 1},
		},
		servers: []string{"tutti", "centrifuge", "centrifuge, history"},
		run:     func(ctx context.Context, c *child) ([]float64, error) { return open(ctx, c, o) },
	}
}

// open publishes at a fixed rate, whatever comes of it. A message's latency
// counts from when it was due, so that a server which holds the publisher up
// gains nothing by it.
func open(ctx context.Context, c *child, o options) ([]float64, error) {
	messages := int(o.lasts.Seconds() * float64(o.rate))
	want := int64(messages * o.open)
	var got atomic.Int64
	all := make(chan struct{}, 1)
	latencies := make([][]time.Duration, o.open) // each of a subscriber's goroutine
	crowd, err := gather(ctx, c, o.open, shared, func(i int, due time.Time) {
		if i%sampled == 0 {
			latencies[i] = append(latencies[i], time.Since(due))
		}
		if got.Add(1) == want {
			all <- struct{}{}
		}
	})
	if err != nil {
		return nil, err
	}
	defer crowd.leave()
	before, after, err := c.measured(func() error {
		begin := time.Now()
		for i := range messages {
			due := begin.Add(time.Duration(i) * time.Second / time.Duration(o.rate))
			if err := pause(ctx, time.Until(due)); err != nil {
				return err
			}
			if err := c.tell(room, message(due)); err != nil {
				return err
			}
		}
		return crowd.await(ctx, all)
	})
	if err != nil {
		return nil, fmt.Errorf("%d of %d deliveries: %w", got.Load(), want, err)
	}
	ascending := slices.Sorted(slices.Values(slices.Concat(latencies...)))
	return []float64{
		micros(after.CPU-before.CPU) / float64(want),
		micros(quantile(ascending, 0.5)) / 1000,
		micros(quantile(ascending, 0.99)) / 1000,
	}, nil
}

// quantile is of sorted values, at least one.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))]
}
