// Package playground feeds the rooms of the playground that have no visitors
// to fill them: a stock ticker.
package playground

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

const (
	every = 500 * time.Millisecond
	event = "stock-update"
)

// Publish appends data, as JSON, to a topic.
type Publish func(ctx context.Context, topic, name string, data any) error

type stock struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
}

// Run publishes made-up prices to stocks:APP and stocks:WEB until ctx ends. An
// entry that cannot be published is left out.
func Run(ctx context.Context, publish Publish) {
	stocks := []stock{{"APP", 180}, {"WEB", 42}}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i := range stocks {
			s := &stocks[i]
			s.Price = math.Round(s.Price*(1+rand.NormFloat64()/250)*100) / 100
			_ = publish(ctx, "stocks:"+s.Symbol, event, *s)
		}
	}
}
