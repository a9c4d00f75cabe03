package hub

import "sync"

// share is how many connections wait for each task that writes: fewer are written
// to sooner than another task is woken.
const share = 16

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
	for range w.add(conns) {
		h.spawn(w.serve)
	}
}

// add queues connections, and returns how many tasks have to start for them.
func (w *writers) add(conns []*Conn) int {
	if len(conns) == 0 {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, conns...)
	start := max(min((len(w.queue)+share-1)/share, maxWriters)-w.active, 0)
	w.active += start
	return start
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
