package hub

import "sync"

// pool runs tasks apart from their callers, first come first served, at most so
// many at once as limit says. When there is nothing to do nothing runs.
type pool struct {
	limit int

	mu     sync.Mutex // guards the fields below
	queue  []func()
	active int
}

func (p *pool) push(h *Hub, task func()) {
	p.mu.Lock()
	p.queue = append(p.queue, task)
	start := p.active < p.limit
	if start {
		p.active++
	}
	p.mu.Unlock()
	if start {
		h.spawn(p.serve)
	}
}

func (p *pool) serve() {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 {
			p.active--
			p.queue = nil
			p.mu.Unlock()
			return
		}
		task := p.queue[0]
		p.queue[0] = nil
		p.queue = p.queue[1:]
		p.mu.Unlock()
		task()
	}
}
