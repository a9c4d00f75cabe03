package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Documents measures clients that change documents, each its next operation
// when the last is acknowledged, beside as many that publish messages of the
// same size to as many topics.
type Documents struct {
	Writers  int
	Counters int
	Records  int // topics of records
	Keys     int // records of each
	Duration time.Duration
	Bytes    int // of a record's text
}

// Table says how it is measured, or what is wrong with it.
func (d Documents) Table() (*Table, error) {
	if min(d.Writers, d.Counters, d.Records, d.Keys, d.Bytes) < 1 || d.Duration <= 0 {
		return nil, errors.New("documents: sizes and the duration are positive")
	}
	if err := CheckFiles(d.Writers); err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	title := "Documents: %d writers, each its next operation when its last is acknowledged, on %d counters and %d topics of %d records of %d bytes, for %v"
	return &Table{
		Title:   fmt.Sprintf(title, d.Writers, d.Counters, d.Records, d.Keys, d.Bytes, d.Duration),
		Figures: writeFigures,
		Cases: []Case{
			{"messages", func(ctx context.Context, s *site) ([]float64, error) {
				return d.run(ctx, s, func(i int) (string, []byte) {
					topic, data := d.operation(i)
					return s.namespace + ":" + topic, data
				})
			}},
			{"operations", func(ctx context.Context, s *site) ([]float64, error) { return d.run(ctx, s, d.operation) }},
		},
	}, nil
}

// operation is a random one, on a random document.
func (d Documents) operation(int) (topic string, data []byte) {
	if n := rand.IntN(d.Counters + d.Records); n < d.Counters {
		return fmt.Sprintf("counter:bench-%d", n), []byte(`{"op":"add","n":1}`)
	}
	key, text := rand.IntN(d.Keys), strings.Repeat("x", d.Bytes)
	op := fmt.Appendf(nil, `{"op":"set","key":"record-%d","value":{"done":%v,"text":%q}}`, key, rand.IntN(2) == 0, text)
	return fmt.Sprintf("records:bench-%d", rand.IntN(d.Records)), op
}

func (d Documents) run(ctx context.Context, s *site, next func(i int) (string, []byte)) ([]float64, error) {
	writers, err := s.publishers(ctx, d.Writers)
	if err != nil {
		return nil, err
	}
	defer closeAll(writers)
	return s.write(ctx, writers, d.Duration, next)
}
