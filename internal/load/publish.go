package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Publish measures clients that publish, each its next entry when the last is
// acknowledged, with nobody subscribed.
type Publish struct {
	Publishers []int // the cases
	Topics     int   // that the publishers spread over
	Duration   time.Duration
	Bytes      int // of an entry's data
}

// Table says how it is measured, or what is wrong with it.
func (p Publish) Table() (*Table, error) {
	if min(p.Topics, p.Bytes, len(p.Publishers)) < 1 || p.Duration <= 0 {
		return nil, errors.New("publish: sizes and the duration are positive")
	}
	t := &Table{
		Title: fmt.Sprintf("Publish: entries of %d bytes to %d topics, each client's next when its last is acknowledged, for %v", p.Bytes, p.Topics, p.Duration),
		Figures: []Figure{
			{"acknowledged per second", 0},
			{"latency, median, ms", 2},
			{"latency, 99th percentile, ms", 2},
			{"latency, longest, ms", 1},
			{"server CPU per entry, µs", 1},
			{"entries per fsync", 1},
			{"server's memory at the end, MiB", 1},
		},
	}
	for _, n := range p.Publishers {
		if n < 1 {
			return nil, errors.New("publish: there is one publisher at least")
		}
		if err := CheckFiles(n); err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
		t.Cases = append(t.Cases, Case{
			Name: fmt.Sprintf("publishers: %d", n),
			run:  func(ctx context.Context, s *site) ([]float64, error) { return p.run(ctx, s, n) },
		})
	}
	return t, nil
}

func (p Publish) run(ctx context.Context, s *site, n int) ([]float64, error) {
	publishers, err := s.publishers(ctx, n)
	if err != nil {
		return nil, err
	}
	defer closeAll(publishers)
	if err := p.publish(ctx, s, publishers, p.Duration/10, func(time.Duration) {}); err != nil {
		return nil, err
	}
	var latencies Latencies
	var acknowledged atomic.Int64
	stop := s.watch("acknowledged", acknowledged.Load, 0)
	defer stop()
	fsyncs, cpu, begin := s.fsyncs(ctx), s.process.cpu(), time.Now()
	err = p.publish(ctx, s, publishers, p.Duration, func(d time.Duration) {
		latencies.Add(d)
		acknowledged.Add(1)
	})
	if err != nil {
		return nil, err
	}
	took, got, used := since(begin), float64(acknowledged.Load()), s.process.cpu()-cpu
	return []float64{
		got / took, millis(latencies.Quantile(0.5)), millis(latencies.Quantile(0.99)), millis(latencies.Max()),
		used * 1e6 / got, perFsync(got, s.fsyncs(ctx)-fsyncs), s.process.resident(),
	}, nil
}

// publish lets all publish for so long, once each at least.
func (p Publish) publish(ctx context.Context, s *site, publishers []*Socket, lasts time.Duration, acknowledged func(time.Duration)) error {
	begin := time.Now()
	return together(publishers, func(i int, socket *Socket) error {
		for first := true; first || (time.Since(begin) < lasts && ctx.Err() == nil); first = false {
			sent := time.Now()
			if _, err := socket.Publish(s.topic(i, p.Topics), Message(sent, p.Bytes)); err != nil {
				return err
			}
			acknowledged(time.Since(sent))
		}
		return context.Cause(ctx)
	})
}
