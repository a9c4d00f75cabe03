package hub

import (
	"context"
	"sync"
)

// member is a reader that Close must end.
type member interface {
	drain() // ask it to go, in order
	kill()  // make it go
}

// members holds all readers.
type members struct {
	mu    sync.Mutex // guards the fields below
	all   map[member]struct{}
	empty chan struct{} // closed when all is empty, if anyone waits
}

func (m *members) add(x member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[x] = struct{}{}
}

func (m *members) remove(x member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, x)
	if len(m.all) == 0 && m.empty != nil {
		close(m.empty)
		m.empty = nil
	}
}

func (m *members) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.all)
}

func (m *members) list() []member {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]member, 0, len(m.all))
	for x := range m.all {
		list = append(list, x)
	}
	return list
}

// wait returns when there is no member, or ctx's error.
func (m *members) wait(ctx context.Context) error {
	m.mu.Lock()
	if len(m.all) == 0 {
		m.mu.Unlock()
		return nil
	}
	if m.empty == nil {
		m.empty = make(chan struct{})
	}
	empty := m.empty
	m.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
