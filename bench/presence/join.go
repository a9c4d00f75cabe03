package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const joiners = 100 // who join, one after the other

func join(o options) scenario {
	return scenario{
		title: fmt.Sprintf("Join: one more comes into a room of %d, and learns who is there", o.room),
		rows: []row{
			{"until it knows, from its dialing on, ms", nil},
			{"bytes that it is told until then", nil},
			{"server CPU for it, ms", nil},
		},
		systems: []string{"tutti", "y-websocket", "centrifuge"},
		run:     joining,
	}
}

// joining lets some come into a large room whose members are told nothing.
func joining(ctx context.Context, c *child, o options) ([]float64, error) {
	all, err := fill(ctx, c, o.room, present)
	if err != nil {
		return nil, err
	}
	defer all.leave()
	var times, sizes []float64
	spent, err := c.used(func() error {
		for i := range joiners {
			frame, answer := c.hello(o.room+i, asker)
			begin := time.Now()
			s, err := dial(ctx, c.system, c.Ready, frame, answer)
			if err != nil {
				return err
			}
			times, sizes = append(times, micros(time.Since(begin))/1000), append(sizes, float64(s.bytes))
			defer func() { _ = s.conn.Close() }()
		}
		return nil
	})
	if err := errors.Join(err, all.fine()); err != nil {
		return nil, err
	}
	return []float64{median(times), median(sizes), micros(spent) / 1000 / joiners}, nil
}

// fill puts n members into the room.
func fill(ctx context.Context, c *child, n int, as role) (*crowd, error) {
	if c.fill != nil {
		return c.fill(ctx, c, n)
	}
	return gather(ctx, c, n, c.as(as), deaf)
}
