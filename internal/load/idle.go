package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// Idle measures what connections cost: to make, and to have.
type Idle struct {
	Clients  int // each subscribed to one topic
	Topics   int
	AtOnce   int           // connections that are opened at the same time
	Duration time.Duration // that they are left alone before memory is read
}

// Table says how it is measured, or what is wrong with it.
func (o Idle) Table() (*Table, error) {
	if min(o.Clients, o.Topics, o.AtOnce) < 1 || o.Duration < 0 {
		return nil, errors.New("idle: sizes are positive")
	}
	if err := CheckFiles(o.Clients); err != nil {
		return nil, fmt.Errorf("idle: %w", err)
	}
	return &Table{
		Title: fmt.Sprintf("Idle: %d connections, each subscribed to one of %d topics", o.Clients, o.Topics),
		Figures: []Figure{
			{"connected and subscribed per second", 0},
			{"time to be so, median, ms", 2},
			{"99th percentile, ms", 2},
			{"longest, ms", 1},
			{"server CPU per connection, µs", 0},
			{"server's memory without connections, MiB", 1},
			{fmt.Sprintf("with them, after %v, MiB", o.Duration), 1},
			{"per connection, KiB", 1},
		},
		Cases: []Case{{Name: fmt.Sprintf("%d at once", o.AtOnce), run: o.run}},
	}, nil
}

func (o Idle) run(ctx context.Context, s *site) ([]float64, error) {
	var latencies Latencies
	connected := newCounter(o.Clients)
	stop := s.watch("connections", connected.got.Load, o.Clients)
	before, cpu, begin := s.process.resident(), s.process.cpu(), time.Now()
	all := gather(ctx, &s.faults, o.Clients, o.AtOnce, func(i int) (*Socket, error) {
		c, err := NewClient()
		if err != nil {
			return nil, err
		}
		from := time.Now()
		socket, err := s.Dial(ctx, c, protocol.Subscribe{Topic: s.topic(i, o.Topics)})
		if err == nil {
			latencies.Add(time.Since(from))
			connected.add()
		}
		return socket, err
	}, func(_ int, socket *Socket) error { return socket.each(func(time.Time) {}) })
	defer all.leave()
	took, used := since(begin), s.process.cpu()-cpu
	stop()
	if err := pause(ctx, o.Duration); err != nil {
		return nil, err
	}
	after, n := s.process.resident(), float64(all.living())
	return []float64{
		n / took, millis(latencies.Quantile(0.5)), millis(latencies.Quantile(0.99)), millis(latencies.Max()),
		used * 1e6 / n, before, after, (after - before) * 1024 / n,
	}, nil
}
