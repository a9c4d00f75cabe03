package main

import (
	"context"
	"errors"
	"fmt"
)

func memory(o options) scenario {
	return scenario{
		title: fmt.Sprintf("Memory: %d connections that have entered, and as many that have not", o.still),
		rows: []row{
			{"heap per connection that has not entered, KiB", nil},
			{"heap per member beyond that, KiB", []goal{within(0.5)}},
			{"resident memory per connection that has not entered, KiB", nil},
			{"resident memory per member beyond that, KiB", nil},
		},
		systems: []string{"tutti", "centrifuge"},
		run:     remembering,
	}
}

func remembering(ctx context.Context, c *child, o options) ([]float64, error) {
	readers, members, err := bothRoles(ctx, c, o, o.still, held)
	if err != nil {
		return nil, err
	}
	per := func(bytes float64) float64 { return bytes / float64(o.still) / 1024 }
	heap, resident := readers[0], readers[1]
	return []float64{per(heap), per(members[0] - heap), per(resident), per(members[1] - resident)}, nil
}

// held makes a crowd, and returns the bytes of heap and resident memory that the
// server has for it.
func held(ctx context.Context, c *child, o options, gather func() (*crowd, error)) ([]float64, error) {
	heap, resident, err := c.memory()
	if err != nil {
		return nil, err
	}
	all, err := gather()
	if err != nil {
		return nil, err
	}
	defer all.leave()
	if err := pause(ctx, o.rest); err != nil {
		return nil, err
	}
	heapThen, residentThen, err := c.memory()
	return []float64{float64(heapThen - heap), float64(residentThen - resident)}, errors.Join(err, all.fine())
}

func idle(o options) scenario {
	return scenario{
		title: fmt.Sprintf("Idle: %d members of whom nobody does anything, for %v", o.room, o.idle),
		rows: []row{
			{"server CPU, connections that have not entered, ms", nil},
			{"server CPU, members, ms", nil},
			{"beyond the connections, ms", nil},
		},
		systems: []string{"tutti", "centrifuge"},
		once:    true,
		run:     idling,
	}
}

func idling(ctx context.Context, c *child, o options) ([]float64, error) {
	readers, members, err := bothRoles(ctx, c, o, o.room, rested)
	if err != nil {
		return nil, err
	}
	return []float64{readers[0], members[0], members[0] - readers[0]}, nil
}

// rested makes a crowd, and returns the processor time that the server uses while
// nobody of it does anything.
func rested(ctx context.Context, c *child, o options, gather func() (*crowd, error)) ([]float64, error) {
	all, err := gather()
	if err != nil {
		return nil, err
	}
	defer all.leave()
	if err := pause(ctx, o.rest); err != nil {
		return nil, err
	}
	spent, err := c.used(func() error { return pause(ctx, o.idle) })
	return []float64{micros(spent) / 1000}, errors.Join(err, all.fine())
}

// bothRoles looks at n connections that are not in the room, and then, with another
// server of the system, at n that are.
func bothRoles(ctx context.Context, c *child, o options, n int, look func(context.Context, *child, options, func() (*crowd, error)) ([]float64, error)) (readers, members []float64, err error) {
	of := func(c *child, as role) ([]float64, error) {
		return look(ctx, c, o, func() (*crowd, error) { return gather(ctx, c, n, c.as(as), deaf) })
	}
	if readers, err = of(c, reader); err != nil {
		return nil, nil, err
	}
	other, err := startChild(ctx, c.system, "members", o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, other.Stop()) }()
	members, err = of(other, member)
	return readers, members, err
}
