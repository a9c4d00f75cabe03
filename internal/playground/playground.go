// Package playground feeds the rooms of the playground that have no visitors
// to fill them: a stock ticker.
package playground

import (
	"context"
	"time"
)

const (
	every = 500 * time.Millisecond
	event = "stock-update"
)

// Publish appends data, as JSON, to a topic.
type Publish func(ctx context.Context, topic, name string, data any) error

// Run publishes made-up prices to stocks:APP and stocks:WEB, twice a second,
// until ctx ends. A price that cannot be published is left out.
func Run(ctx context.Context, publish Publish) {
	stocks := []*stock{newStock("APP", 180), newStock("WEB", 42)}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, s := range stocks {
			s.move()
			_ = publish(ctx, "stocks:"+s.Symbol, event, *s)
		}
	}
}
