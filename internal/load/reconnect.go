package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

const (
	lookAgain = 100 * time.Millisecond
	attempts  = 5                      // to come back
	backoff   = 500 * time.Millisecond // the longest wait before the second, doubled for each further one
)

// Reconnect measures clients that are all cut off, and all come back at the same
// time, after entries were published that they have to catch up with. One that
// the server does not take tries again, as a client library does.
type Reconnect struct {
	Clients int // each subscribed to one topic
	Topics  int
	Gap     int           // entries of each topic that the clients miss
	Bytes   int           // of an entry's data
	AtOnce  int           // connections that are opened at the same time; 0: all
	Rest    time.Duration // before the cut, until memory is read
}

// Table says how it is measured, or what is wrong with it.
func (r Reconnect) Table() (*Table, error) {
	if min(r.Clients, r.Topics, r.Gap, r.Bytes) < 1 || r.AtOnce < 0 || r.Rest < 0 {
		return nil, errors.New("reconnect: sizes are positive")
	}
	if err := CheckFiles(r.Clients + 1); err != nil {
		return nil, fmt.Errorf("reconnect: %w", err)
	}
	name := "all at once"
	if r.AtOnce > 0 {
		name = fmt.Sprintf("%d at once", r.AtOnce)
	}
	return &Table{
		Title: fmt.Sprintf("Reconnect: %d clients of %d topics, each with a gap of %d entries", r.Clients, r.Topics, r.Gap),
		Figures: []Figure{
			{"until all have all, s", 2},
			{"from the start to a client's last missed entry, median, s", 2},
			{"99th percentile, s", 2},
			{"from a client's own dial, median, s", 2},
			{"99th percentile, s", 2},
			{"clients that recovered", 0},
			{"server's memory before, MiB", 1},
			{"at its peak, MiB", 1},
			{"peak by before", 2},
			{"server CPU per client, µs", 0},
		},
		Cases: []Case{{Name: name, run: r.run}},
	}, nil
}

func (r Reconnect) run(ctx context.Context, s *site) ([]float64, error) {
	publishers, err := s.publishers(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer closeAll(publishers)
	clients, first, err := r.connect(ctx, s)
	if err != nil {
		return nil, err
	}
	defer first.leave()
	positions, err := r.publish(s, publishers[0], 1)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, r.Rest); err != nil {
		return nil, err
	}
	steady := s.process.resident()
	first.leave()
	if err := s.deserted(ctx, len(publishers)); err != nil {
		return nil, err
	}
	if _, err := r.publish(s, publishers[0], r.Gap); err != nil {
		return nil, err
	}
	if err := s.process.forgetPeak(); err != nil {
		return nil, err
	}

	var all, own Latencies
	back, recovered := newCounter(r.Clients), newCounter(r.Clients)
	stop := s.watch("clients back", back.got.Load, r.Clients)
	defer stop()
	dialed := make([]time.Time, r.Clients)
	cpu, begin := s.process.cpu(), time.Now()
	crowd := gather(ctx, &s.faults, r.Clients, r.AtOnce, func(i int) (*Socket, error) {
		dialed[i] = time.Now()
		from := protocol.FromPosition(positions[i%r.Topics])
		return s.persist(ctx, clients[i], protocol.Subscribe{Topic: s.topic(i, r.Topics), From: from})
	}, func(i int, socket *Socket) error {
		if socket.recovered > 0 {
			recovered.add()
		}
		missed := r.Gap
		return socket.each(func(time.Time) {
			if missed--; missed == 0 {
				all.Add(time.Since(begin))
				own.Add(time.Since(dialed[i]))
				back.add()
			}
		})
	})
	defer crowd.leave()
	if err := s.await(ctx, back, "clients back"); err != nil {
		return nil, err
	}
	peak := s.process.peak()
	return []float64{
		all.Max().Seconds(), all.Quantile(0.5).Seconds(), all.Quantile(0.99).Seconds(),
		own.Quantile(0.5).Seconds(), own.Quantile(0.99).Seconds(),
		float64(recovered.got.Load()), steady, peak, peak / steady,
		(s.process.cpu() - cpu) * 1e6 / float64(r.Clients),
	}, nil
}

// connect connects the clients for the first time.
func (r Reconnect) connect(ctx context.Context, s *site) ([]*Client, *crowd, error) {
	clients := make([]*Client, r.Clients)
	for i := range clients {
		var err error
		if clients[i], err = NewClient(); err != nil {
			return nil, nil, err
		}
	}
	connected := newCounter(r.Clients)
	defer s.watch("connections", connected.got.Load, r.Clients)()
	return clients, gather(ctx, &s.faults, r.Clients, dialers, func(i int) (*Socket, error) {
		defer connected.add()
		return s.Dial(ctx, clients[i], protocol.Subscribe{Topic: s.topic(i, r.Topics)})
	}, func(_ int, socket *Socket) error { return socket.each(func(time.Time) {}) }), nil
}

// persist dials until it succeeds, a few times, with waits as a client library
// makes them (rule CONN-2). Each failure is a fault.
func (s *site) persist(ctx context.Context, c *Client, topic protocol.Subscribe) (*Socket, error) {
	for n := range attempts - 1 {
		socket, err := s.Dial(ctx, c, topic)
		if err == nil {
			return socket, nil
		}
		s.faults.add(err)
		if err := pause(ctx, rand.N(backoff<<n)); err != nil {
			return nil, err
		}
	}
	return s.Dial(ctx, c, topic)
}

// publish publishes n entries to each topic and returns the positions behind
// them.
func (r Reconnect) publish(s *site, publisher *Socket, n int) ([]protocol.Position, error) {
	positions := make([]protocol.Position, r.Topics)
	for i := range r.Topics * n {
		var err error
		if positions[i%r.Topics], err = publisher.Publish(s.topic(i, r.Topics), Message(time.Now(), r.Bytes)); err != nil {
			return nil, err
		}
	}
	return positions, nil
}

// deserted waits until the server has noticed that all connections but others
// are gone; of a server that tells no metrics it is believed.
func (s *site) deserted(ctx context.Context, others int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for s.connections(ctx) > float64(others) {
		if err := pause(ctx, lookAgain); err != nil {
			return fmt.Errorf("wait for the server to notice that clients are gone: %w", err)
		}
	}
	return nil
}
