package main

import (
	"context"
	"fmt"
	"time"
)

func idlePart(o options) part {
	return part{
		name:  "idle",
		title: fmt.Sprintf("Idle: %d connections, each subscribed to one of %d topics", o.idle, o.topics),
		figures: []figure{
			{name: fmt.Sprintf("resident memory per connection, as it is after %v, KiB", o.rest), digits: 1},
			{name: "resident memory per connection, after a collection, KiB", digits: 1},
			{name: "heap and stacks per connection, KiB", digits: 1},
			{name: "goroutines per connection", digits: 2},
			{name: "server CPU to connect and subscribe, µs", digits: 0},
			{name: "time to connect and subscribe (16 at once), µs", digits: 0},
		},
		servers: []string{"tutti", "centrifuge", "centrifuge, history"},
		run:     func(ctx context.Context, c *child) ([]float64, error) { return idle(ctx, c, o) },
	}
}

// idle measures what connections cost: to make, and to have.
func idle(ctx context.Context, c *child, o options) ([]float64, error) {
	if err := c.collect(); err != nil {
		return nil, err
	}
	var all *crowd
	begin := time.Now()
	before, connected, err := c.measured(func() (err error) {
		all, err = gather(ctx, c, o.idle, o.topic, func(int, time.Time) {})
		return err
	})
	took := time.Since(begin)
	if err != nil {
		return nil, err
	}
	defer all.leave()
	if err := pause(ctx, o.rest); err != nil {
		return nil, err
	}
	rested, err := c.usage()
	if err != nil {
		return nil, err
	}
	if err := c.collect(); err != nil {
		return nil, err
	}
	after, err := c.usage()
	if err != nil {
		return nil, err
	}
	select {
	case err := <-all.failed:
		return nil, err
	default:
	}
	n := float64(o.idle)
	return []float64{
		float64(rested.RSS-before.RSS) / n / 1024,
		float64(after.RSS-before.RSS) / n / 1024,
		float64(after.InUse-before.InUse) / n / 1024,
		float64(after.Goroutines-before.Goroutines) / n,
		micros(connected.CPU-before.CPU) / n,
		micros(took) / n,
	}, c.snapshot()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
