package hub

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/store"
)

const (
	// keepEvery is after how many entries a document is written down again, if
	// they have as many bytes as it: so that costs no more than the log does.
	keepEvery = 1000
	// maxKeeps is how many are written down at once.
	maxKeeps = 2
)

// kept is what the store holds of a document in one piece.
type kept struct {
	offset  uint64 // of the snapshot in the store; 0: there is none
	entries int    // folded since
	bytes   int    // of those
	keeping bool   // one is being written
}

// keepIfDue starts writing a snapshot. d.mu is held.
func (d *document) keepIfDue() {
	k := &d.kept
	if k.keeping || d.state == nil || k.entries < keepEvery || k.bytes < d.state.Bytes() {
		return
	}
	k.keeping = true
	h := d.topic.hub
	h.keeps.push(h, func() {
		err := d.keep(h.ctx)
		d.mu.Lock()
		d.kept.keeping = false
		d.mu.Unlock()
		if err != nil && h.ctx.Err() == nil {
			if missed, due := h.appending.due(h.now()); due {
				h.config.Logger.Error("snapshot failed", "topic", d.topic.name, "error", err, "unlogged", missed)
			}
		}
	})
}

// keep writes the document as it stands into the store. When that fails it is
// due again after as many entries more.
func (d *document) keep(ctx context.Context) error {
	d.mu.Lock()
	if d.state == nil || d.state.Offset() == 0 {
		d.mu.Unlock()
		return nil
	}
	d.kept.entries, d.kept.bytes = 0, 0
	d.mu.Unlock()
	d.mu.RLock()
	if d.state == nil {
		d.mu.RUnlock()
		return nil
	}
	s := store.Snapshot{Offset: d.state.Offset(), Data: appendKept(d.kind, d.state)}
	d.mu.RUnlock()
	if err := d.topic.log.PutSnapshot(ctx, d.topic.name, s); err != nil {
		return fmt.Errorf("put snapshot: %w", err)
	}
	d.topic.hub.config.Metrics.SnapshotKept()
	d.mu.Lock()
	d.kept.offset = max(d.kept.offset, s.Offset)
	d.mu.Unlock()
	return nil
}

// cover sees to it that the entries below first may be forgotten, and returns
// below which one they may be (rule DOC-12).
func (d *document) cover(ctx context.Context, first uint64) (uint64, error) {
	if err := d.ensure(ctx); err != nil {
		return 0, err
	}
	d.mu.RLock()
	reaches := d.kept.offset + 1
	d.mu.RUnlock()
	if reaches >= first {
		return first, nil
	}
	if err := d.keep(ctx); err != nil {
		return 0, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return min(first, d.kept.offset+1), nil
}

// coverUnused is cover for a document that nobody uses, and holds nothing of it
// afterwards.
func (h *Hub) coverUnused(ctx context.Context, log store.Log, name string, t doc.Kind, head, first uint64) (uint64, error) {
	r, err := h.restore(ctx, log, name, t, 0)
	if err != nil || r.kept+1 >= first {
		return first, err
	}
	if err := r.foldTo(ctx, log, name, head); err != nil {
		return 0, err
	}
	s := store.Snapshot{Offset: head, Data: appendKept(t, r.state)}
	if err := log.PutSnapshot(ctx, name, s); err != nil {
		return 0, fmt.Errorf("put snapshot: %w", err)
	}
	h.config.Metrics.SnapshotKept()
	return first, nil
}
