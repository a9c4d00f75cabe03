package hub

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/tuttisync/tutti/protocol"
)

// member is a reader that Close must end.
type member interface {
	drain()                               // ask it to go, in order
	kill()                                // make it go
	leave(reason *protocol.Error)         // ask it to go, and say why
	sub() string                          // whose it is; empty: nobody's that is known
	redacted(topic string, offset uint64) // tell it, if it reads the topic
	// holds returns how many bytes wait for it, and whether it is going.
	holds() (int, bool)
	shed(protocol.Limit) // make it go, over what waits for it
}

// members holds all readers.
type members struct {
	mu    sync.Mutex        // guards the fields below
	all   map[member]uint64 // each with its number
	added uint64
	empty chan struct{} // closed when all is empty, if anyone waits
}

func (m *members) add(x member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.added++
	m.all[x] = m.added
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

// list returns the members in the order in which they came.
func (m *members) list() []member {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Collect(maps.Keys(m.all))
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(m.all[a], m.all[b]) })
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
