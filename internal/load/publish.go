package load

import (
	"context"
	"errors"
	"fmt"
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
		Title:   fmt.Sprintf("Publish: entries of %d bytes to %d topics, each client's next when its last is acknowledged, for %v", p.Bytes, p.Topics, p.Duration),
		Figures: writeFigures,
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
	return s.write(ctx, publishers, p.Duration, func(i int) (string, []byte) {
		return s.topic(i, p.Topics), Message(time.Now(), p.Bytes)
	})
}
