package hub

import (
	"context"
	"sync"
)

// tasks counts what runs. Unlike a sync.WaitGroup it may grow while someone
// waits: requests come until the very end.
type tasks struct {
	mu      sync.Mutex // guards the fields below
	running int
	idle    chan struct{} // closed when nothing runs, if anyone waits
}

func (t *tasks) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running++
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.running == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns when nothing runs, or ctx's error.
func (t *tasks) wait(ctx context.Context) error {
	t.mu.Lock()
	if t.running == 0 {
		t.mu.Unlock()
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
