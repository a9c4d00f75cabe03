package sim

import (
	"maps"
	"slices"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// handler is one of an application's, and what it has seen since it started or
// was last told that something was lost.
type handler struct {
	client  *client
	id      uint64
	topic   string
	started bool
	left    bool
	from    uint64
	seen    []protocol.Entry
}

func (h *handler) start(s core.Started) {
	if h.started && s.Recovered {
		h.fault("was started twice")
	}
	h.started = true
	h.from = s.Position.Offset
	h.seen = nil
}

func (h *handler) take(e *protocol.Entry) {
	next := h.from + uint64(len(h.seen)) + 1
	switch {
	case h.left:
		h.fault("got offset %d after it had left", e.Offset)
	case !h.started:
		h.fault("got offset %d before its start", e.Offset)
	case e.Offset != next:
		h.fault("got offset %d, not %d", e.Offset, next)
	}
	h.client.world.ledger.check(h.topic, e)
	h.seen = append(h.seen, *e)
}

func (h *handler) fault(format string, args ...any) {
	h.client.world.ledger.fault("client %d: handler %d of %s "+format, append([]any{h.client.id, h.id, h.topic}, args...)...)
}

func sortedHandlers(m map[uint64]*handler) []*handler {
	var all []*handler
	for _, id := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[id])
	}
	return all
}
