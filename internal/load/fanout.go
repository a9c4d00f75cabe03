package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

const (
	dialers   = 16               // connections that are opened at once, where that is not measured
	quietTime = 10 * time.Second // without any delivery, until what is missing counts as lost
	// What a topic holds before stalled readers come, who ask for all of it: far
	// more than the kernel takes for a connection.
	stallEntries = 128
	stallBytes   = 60_000
	stallBuffer  = 64 << 10 // what its kernel takes for it
)

// FanOut measures what subscribers get, and how late, when entries are published
// at a fixed rate. A latency counts from when the entry was due, so that a server
// which holds its publishers up gains nothing by it.
type FanOut struct {
	Clients    int // subscribers, spread over the topics
	Topics     int
	Publishers int           // connections that share the rate
	Rate       int           // entries a second in all
	Duration   time.Duration // of publishing
	Bytes      int           // of an entry's data
	// Stalled are the cases: so many more subscribers, who stop to read. A
	// server cuts them off in the end, so Duration should be shorter than that.
	Stalled []int
}

// Table says how it is measured, or what is wrong with it.
func (f FanOut) Table() (*Table, error) {
	if min(f.Clients, f.Topics, f.Publishers, f.Rate, f.Bytes, len(f.Stalled)) < 1 || f.entries() < 1 {
		return nil, errors.New("fan-out: sizes, the rate and the duration are positive, and give one entry at least")
	}
	t := &Table{
		Title: fmt.Sprintf("Fan-out: %d subscribers of %d topics, %d entries of %d bytes a second for %v",
			f.Clients, f.Topics, f.Rate, f.Bytes, f.Duration),
		Figures: []Figure{
			{"deliveries per second", 0},
			{"latency, median, ms", 2},
			{"latency, 99th percentile, ms", 2},
			{"latency, longest, ms", 1},
			{"server CPU per delivery, µs", 2},
			{"server's memory at the end, MiB", 1},
			{"stalled readers that caught up afterwards", 0},
		},
	}
	for _, n := range f.Stalled {
		if n < 0 {
			return nil, errors.New("fan-out: stalled readers are not below 0")
		}
		if err := CheckFiles(f.Clients + f.Publishers + n); err != nil {
			return nil, fmt.Errorf("fan-out: %w", err)
		}
		t.Cases = append(t.Cases, Case{
			Name: fmt.Sprintf("%d stalled", n),
			run:  func(ctx context.Context, s *site) ([]float64, error) { return f.run(ctx, s, n) },
		})
	}
	return t, nil
}

// entries is how many are published.
func (f FanOut) entries() int { return int(f.Duration.Seconds() * float64(f.Rate)) }

func (f FanOut) run(ctx context.Context, s *site, stalled int) ([]float64, error) {
	publishers, err := s.publishers(ctx, f.Publishers)
	if err != nil {
		return nil, err
	}
	defer closeAll(publishers)
	stalls, err := f.stall(ctx, s, publishers[0], stalled)
	if err != nil {
		return nil, err
	}
	defer closeAll(stalls)

	readers := gather(ctx, &s.faults, f.Clients, dialers, func(i int) (*Socket, error) {
		c, err := NewClient()
		if err != nil {
			return nil, err
		}
		return s.Dial(ctx, c, protocol.Subscribe{Topic: s.topic(i, f.Topics)})
	}, nil)
	defer readers.leave()
	var latencies Latencies
	deliveries := newCounter(f.deliveries(readers))
	readers.readAll(func(_ int, socket *Socket) error {
		return socket.each(func(due time.Time) {
			latencies.Add(time.Since(due))
			deliveries.add()
		})
	})
	stop := s.watch("deliveries", deliveries.got.Load, int(deliveries.want))
	defer stop()

	cpu, begin := s.process.cpu(), time.Now()
	if err := f.publish(ctx, s, publishers, begin); err != nil {
		return nil, err
	}
	if err := s.await(ctx, deliveries, "deliveries"); err != nil {
		return nil, err
	}
	took, got := since(begin), float64(deliveries.got.Load())
	used, resident := s.process.cpu()-cpu, s.process.resident()
	return []float64{
		got / took, millis(latencies.Quantile(0.5)), millis(latencies.Quantile(0.99)), millis(latencies.Max()),
		used * 1e6 / got, resident, f.catchUp(s, stalls),
	}, nil
}

// deliveries is how many the living readers will get.
func (f FanOut) deliveries(readers *crowd) int {
	n := 0
	for i, socket := range readers.sockets {
		if socket != nil {
			n += f.entriesOf(i % f.Topics)
		}
	}
	return n
}

// entriesOf is how many of the entries are of a topic.
func (f FanOut) entriesOf(topic int) int { return (f.entries() - topic + f.Topics - 1) / f.Topics }

// publish publishes at the rate, entry i in topic i, as numbered by their
// remainders.
func (f FanOut) publish(ctx context.Context, s *site, publishers []*Socket, begin time.Time) error {
	return together(publishers, func(p int, socket *Socket) error {
		for i := p; i < f.entries(); i += len(publishers) {
			due := begin.Add(time.Duration(i) * time.Second / time.Duration(f.Rate))
			if err := pause(ctx, time.Until(due)); err != nil {
				return err
			}
			if _, err := socket.Publish(s.topic(i, f.Topics), Message(due, f.Bytes)); err != nil {
				return err
			}
		}
		return nil
	})
}

// stall fills the topics, in every case if one has stalled readers, and opens n
// connections that ask for all of it and read none of it.
func (f FanOut) stall(ctx context.Context, s *site, publisher *Socket, n int) ([]*Socket, error) {
	most := 0
	for _, n := range f.Stalled {
		most = max(most, n)
	}
	for i := range min(f.Topics, most) * stallEntries {
		if _, err := publisher.Publish(s.topic(i, f.Topics), filling()); err != nil {
			return nil, err
		}
	}
	var stalls []*Socket
	for i := range n {
		c, err := NewClient()
		if err != nil {
			return stalls, err
		}
		socket, err := s.Dial(ctx, c, protocol.Subscribe{Topic: s.topic(i, f.Topics), From: protocol.FromEarliest()})
		if err != nil {
			return stalls, err
		}
		shrink(socket.conn, stallBuffer)
		stalls = append(stalls, socket)
	}
	return stalls, nil
}
