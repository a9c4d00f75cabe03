package hub

import (
	"context"
	"sync"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// Occupancy tells that the first user has entered a topic, or the last has left.
type Occupancy struct {
	Topic    string
	Occupied bool
	Version  uint64 // rises, also over restarts of the server where its clock does
}

const (
	occupancyRetry   = 100 * time.Millisecond
	occupancyLongest = 30 * time.Second
)

// occupancies are what the hook is still to be told, in order (rule PRES-15). Of a
// topic only the last counts, so they are no more than there are rooms.
type occupancies struct {
	mu      sync.Mutex // guards the fields below
	version uint64
	topics  []string // with something to tell, in order
	last    map[string]Occupancy
	told    map[string]bool // what it was told of topics: whether they are occupied
	working bool
}

func (o *occupancies) add(h *Hub, topic string, occupied bool) {
	if h.config.Hooks.Occupancy == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.version = max(o.version+1, uint64(h.now().UnixMilli()))
	if o.last == nil {
		o.last, o.told = make(map[string]Occupancy), make(map[string]bool)
	}
	if _, waits := o.last[topic]; !waits {
		o.topics = append(o.topics, topic)
	}
	o.last[topic] = Occupancy{Topic: topic, Occupied: occupied, Version: o.version}
	if !o.working {
		o.working = true
		h.spawn(func() { o.work(h) })
	}
}

// work tells what there is to tell, one after the other.
func (o *occupancies) work(h *Hub) {
	wait := occupancyRetry
	for {
		next, ok := o.next()
		if !ok {
			return
		}
		err := h.hook(h.ctx, "OnOccupancy", protocol.HookFailed, func(ctx context.Context) error {
			return h.config.Hooks.Occupancy(ctx, next)
		})
		if err == nil {
			o.done(next)
			wait = occupancyRetry
			continue
		}
		select {
		case <-h.ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, occupancyLongest)
		}
	}
}

// next returns what is told next; false: there is nothing, and nobody works.
func (o *occupancies) next() (Occupancy, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.topics) > 0 {
		next := o.last[o.topics[0]]
		if o.told[next.Topic] != next.Occupied {
			return next, true
		}
		delete(o.last, next.Topic)
		o.topics = o.topics[1:]
	}
	o.working = false
	return Occupancy{}, false
}

func (o *occupancies) done(told Occupancy) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told[told.Topic] = told.Occupied; !told.Occupied {
		delete(o.told, told.Topic)
	}
}
