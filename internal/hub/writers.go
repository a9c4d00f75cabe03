package hub

import "sync"

// writers is the pool that writes to connections: a queue of those that have
// something to say, and at most maxWriters tasks that serve it, none when it is
// empty.
type writers struct {
	mu     sync.Mutex // guards the fields below
	queue  []*Conn
	active int
}

// push queues connections, each of which has marked itself as queued.
func (w *writers) push(h *Hub, conns []*Conn) {
	if len(conns) == 0 {
		return
	}
	w.mu.Lock()
	w.queue = append(w.queue, conns...)
	start := min(len(w.queue), maxWriters-w.active)
	if start < 0 {
		start = 0
	}
	w.active += start
	w.mu.Unlock()
	for range start {
		h.spawn(func() { w.serve() })
	}
}

func (w *writers) serve() {
	scratch := make([][]byte, 0, 64)
	for {
		w.mu.Lock()
		if len(w.queue) == 0 {
			w.active--
			w.queue = nil
			w.mu.Unlock()
			return
		}
		c := w.queue[0]
		w.queue[0] = nil
		w.queue = w.queue[1:]
		w.mu.Unlock()
		scratch = c.flush(scratch[:0])
	}
}
