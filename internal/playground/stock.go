package playground

import (
	"math"
	"math/rand/v2"
)

const (
	step = 0.004 // standard deviation of one move of the logarithm
	pull = 0.01  // part of the way back to the opening price, each move
)

// stock is one made-up price. It strays by some percent and is drawn back, so
// that a server that runs for months shows a price that can be believed.
type stock struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"` // in cents' steps
	open   float64
	log    float64 // of the price before rounding, over the opening price
}

func newStock(symbol string, open float64) *stock {
	return &stock{Symbol: symbol, Price: open, open: open}
}

func (s *stock) move() {
	s.log += rand.NormFloat64()*step - s.log*pull
	s.Price = math.Round(s.open*math.Exp(s.log)*100) / 100
}
