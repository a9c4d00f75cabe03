package load

import (
	"context"
	"sync/atomic"
	"time"
)

// writeFigures are what write returns.
var writeFigures = []Figure{
	{"acknowledged per second", 0},
	{"latency, median, ms", 2},
	{"latency, 99th percentile, ms", 2},
	{"latency, longest, ms", 1},
	{"server CPU per entry, µs", 1},
	{"entries per fsync", 1},
	{"server's memory at the end, MiB", 1},
}

// write measures writers that each publish what next says of their number, the
// next when the last is acknowledged.
func (s *site) write(ctx context.Context, writers []*Socket, lasts time.Duration, next func(i int) (topic string, data []byte)) ([]float64, error) {
	if err := writeFor(ctx, writers, lasts/10, next, func(time.Duration) {}); err != nil {
		return nil, err
	}
	var latencies Latencies
	var acknowledged atomic.Int64
	stop := s.watch("acknowledged", acknowledged.Load, 0)
	defer stop()
	fsyncs, cpu, begin := s.fsyncs(ctx), s.process.cpu(), time.Now()
	err := writeFor(ctx, writers, lasts, next, func(d time.Duration) {
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

// writeFor lets all write for so long, once each at least.
func writeFor(ctx context.Context, writers []*Socket, lasts time.Duration, next func(i int) (topic string, data []byte), acknowledged func(time.Duration)) error {
	begin := time.Now()
	return together(writers, func(i int, socket *Socket) error {
		for first := true; first || (time.Since(begin) < lasts && ctx.Err() == nil); first = false {
			topic, data := next(i)
			sent := time.Now()
			if _, err := socket.Publish(topic, data); err != nil {
				return err
			}
			acknowledged(time.Since(sent))
		}
		return context.Cause(ctx)
	})
}
