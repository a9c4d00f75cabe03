package hub

import (
	"sync"
	"time"
)

// complainEvery is how often the same trouble is logged.
const complainEvery = 10 * time.Second

// complaint keeps the log of the server short while one cause fails the rounds
// of many topics, again and again: a full disk does.
type complaint struct {
	mu     sync.Mutex // guards the fields below
	last   time.Time
	missed int
}

// due says whether it is time to complain, and how often it was not since the
// last time.
func (c *complaint) due(now time.Time) (missed int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.last.IsZero() && now.Sub(c.last) < complainEvery {
		c.missed++
		return 0, false
	}
	missed, c.missed, c.last = c.missed, 0, now
	return missed, true
}
