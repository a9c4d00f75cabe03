package hub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// walkPage is how many topics one step of the walk looks at, every sweep.
const walkPage = 128

// walk goes round the stores' topics, slowly and without end, and trims those
// that nobody uses: what is loaded is looked after by the sweep. It loads no
// topic. One task at a time uses it.
type walk struct {
	log   int    // of Hub.logs
	after string // the topic that was looked at last
}

// step looks at the topics that come next.
func (h *Hub) step(ctx context.Context, now time.Time) {
	defer h.walking.Store(false)
	w := &h.walk
	logs := h.logs()
	log := logs[w.log]
	names, err := log.Topics(ctx, "", w.after, walkPage)
	if err != nil {
		h.walkFailed(ctx, "", fmt.Errorf("list topics: %w", err))
		return
	}
	for _, name := range names {
		if name <= w.after {
			continue // of a namespace that was passed over
		}
		w.after = name
		ns, err := h.config.Namespace(name)
		if err != nil || !ns.forgets() {
			w.after = behindNamespace(name)
			continue
		}
		if t := h.lookup(name); t != nil && t.log == log {
			continue
		}
		if err := h.trimUnused(ctx, log, name, ns, now); err != nil {
			h.walkFailed(ctx, name, err)
		}
	}
	if len(names) < walkPage {
		w.after = ""
		w.log = (w.log + 1) % len(logs)
	}
}

func (h *Hub) walkFailed(ctx context.Context, topic string, err error) {
	if ctx.Err() == nil {
		h.config.Logger.Error("retention failed", "topic", topic, "error", err)
	}
}

// behindNamespace returns what is above all topics of the namespace of a topic
// with that name, and below all others that are above it. Topics without a
// colon, which are of the namespace default, stand among the others: of those
// it is the name itself.
func behindNamespace(topic string) string {
	if ns, _, ok := strings.Cut(topic, ":"); ok {
		return ns + ":\xff" // no byte of UTF-8
	}
	return topic
}

func (h *Hub) trimUnused(ctx context.Context, log store.Log, name string, ns Namespace, now time.Time) error {
	head, err := log.Head(ctx, name)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	var cover func(context.Context, uint64) (uint64, error)
	if ns.Type != nil {
		cover = func(ctx context.Context, first uint64) (uint64, error) {
			return h.coverUnused(ctx, log, name, ns.Type, head.Last, first)
		}
	}
	first, err := ns.trim(ctx, log, name, head.First, head.Last, now, cover)
	if err != nil || first == head.First {
		return err
	}
	if t := h.lookup(name); t != nil && t.log == log {
		t.truncated(first) // somebody has come meanwhile
	}
	return nil
}

// forgets says whether the namespace has a retention.
func (n Namespace) forgets() bool { return n.KeepCount > 0 || n.KeepAge > 0 }

// trim applies the namespace's retention to a log that holds the entries from
// first to head, and returns the first that it holds then. cover, if not nil,
// sees to what is folded of it, and says below which entry it may be trimmed.
func (n Namespace) trim(
	ctx context.Context, log store.Log, name string, first, head uint64, now time.Time,
	cover func(context.Context, uint64) (uint64, error),
) (uint64, error) {
	keep := first
	if c := n.KeepCount; c > 0 && head-first+1 > c {
		keep = head - c + 1
	}
	if n.KeepAge > 0 {
		young, err := firstSince(ctx, log, name, keep, head, now.Add(-n.KeepAge).UnixMilli())
		if err != nil {
			return first, err
		}
		keep = max(keep, young)
	}
	if keep > first && cover != nil {
		var err error
		if keep, err = cover(ctx, keep); err != nil {
			return first, err
		}
	}
	if keep <= first {
		return first, nil
	}
	if err := log.Truncate(ctx, name, keep); err != nil {
		return first, fmt.Errorf("truncate: %w", err)
	}
	return keep, nil
}

// firstSince returns the lowest offset from first to head whose entry is not
// older than since, head+1 if there is none. Times never go back within a
// topic, so it halves.
func firstSince(ctx context.Context, log store.Log, name string, first, head uint64, since int64) (uint64, error) {
	for first <= head {
		middle := first + (head-first)/2
		entries, err := log.Read(ctx, name, middle-1, 1, 1)
		if err != nil {
			return 0, fmt.Errorf("read entry: %w", err)
		}
		if len(entries) == 0 {
			return head + 1, nil
		}
		e, err := protocol.ParseEntry(entries[0].Data)
		if err != nil {
			return 0, fmt.Errorf("parse entry: %w", err)
		}
		if e.Time < since {
			first = entries[0].Offset + 1
		} else {
			head = middle - 1
		}
	}
	return first, nil
}
