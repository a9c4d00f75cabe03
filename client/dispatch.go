package client

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

// dispatcher calls the application's functions, one at a time and in order,
// from one goroutine. Its queue is bounded by the reader of the connection,
// which waits for room before each frame, so that adding to it never blocks.
type dispatcher struct {
	limit  int
	logger *slog.Logger

	mu       sync.Mutex // guards queue, finished and room
	queue    []func()
	finished bool
	room     chan struct{} // closed when the queue is below limit again; nil while it is
	more     chan struct{} // has room for one: queue is not empty, or finished
}

func newDispatcher(limit int, logger *slog.Logger) *dispatcher {
	return &dispatcher{limit: limit, logger: logger, more: make(chan struct{}, 1)}
}

func (d *dispatcher) add(call func()) {
	d.mu.Lock()
	if d.finished {
		d.mu.Unlock()
		return
	}
	d.queue = append(d.queue, call)
	if len(d.queue) >= d.limit && d.room == nil {
		d.room = make(chan struct{})
	}
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *dispatcher) waitForRoom(ctx context.Context) error {
	d.mu.Lock()
	room := d.room
	d.mu.Unlock()
	if room == nil {
		return ctx.Err()
	}
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish drops what waits, and lets run end after the calls in last.
func (d *dispatcher) finish(last []func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue, d.finished = last, true
	if d.room != nil {
		close(d.room)
		d.room = nil
	}
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *dispatcher) take() (call func(), finished bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		d.queue = nil
		return nil, d.finished
	}
	call = d.queue[0]
	d.queue[0] = nil
	d.queue = d.queue[1:]
	if len(d.queue) < d.limit && d.room != nil {
		close(d.room)
		d.room = nil
	}
	return call, false
}

// run calls what is added, until finish.
func (d *dispatcher) run() {
	for {
		call, finished := d.take()
		switch {
		case call != nil:
			d.call(call)
		case finished:
			return
		default:
			<-d.more
		}
	}
}

func (d *dispatcher) call(f func()) {
	defer func() {
		if p := recover(); p != nil {
			d.logger.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
}
