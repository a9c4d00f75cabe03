package hub

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tuttisync/tutti/internal/topic"
)

const (
	sweepEvery  = time.Second
	coldAfter   = time.Minute      // a topic that nobody used for so long is let go
	emptyAfter  = 3 * time.Second  // the same for one without an entry: names cost nothing to make up
	retainEvery = 10 * time.Second // how often a topic's old entries are looked for
	forgetEvery = time.Hour        // how often the search for a topic's old rows begins
	forgetPage  = 1024             // rows that are looked at every retainEvery
	quietRing   = 4 << 10          // bytes for each reader that a quiet ring keeps
)

// Tick serves what is due: deadlines, readers that must go, then topics that
// are cold or hold too much.
func (h *Hub) Tick() {
	now := h.now()
	h.wheel.advance(now)
	h.tellDue(now)
	h.callIn()
	h.config.Metrics.Outbound(h.outbound.bytes.Load())
	h.config.Metrics.Members(h.rooms.members.Load(), h.rooms.bytes.Load())
	h.config.Metrics.Documents(h.documents.totals())
	if h.outbound.relieved.Store(false); h.outbound.over() && !h.outbound.relieved.Swap(true) {
		h.relieve()
	}
	if now.Sub(h.swept) >= sweepEvery {
		h.swept = now
		h.claims.forget(now)
		h.sweep(now)
	}
}

func (h *Hub) sweep(now time.Time) {
	var due []*Topic
	share := h.rings.share(h.config.RingBytes)
	for i := range h.topics {
		shard := &h.topics[i]
		shard.mu.Lock()
		for name, t := range shard.topics {
			switch t.look(now, share) {
			case cold:
				delete(shard.topics, name)
			case overdue:
				due = append(due, t)
			}
		}
		shard.mu.Unlock()
	}
	// In an order of their own, so that the simulation repeats itself.
	slices.SortFunc(due, func(a, b *Topic) int { return cmp.Compare(a.name, b.name) })
	for _, t := range due {
		h.spawn(func() { t.tidy(h.ctx, now) })
	}
	if !h.walking.Swap(true) {
		h.spawn(func() { h.step(h.ctx, now) })
	}
}

type looks uint8

const (
	fine looks = iota
	cold
	overdue
)

// look decides what a topic needs, and drops rings that nobody reads, or what
// one that has told nothing since the last look holds beyond its share, or beyond
// what is worth it: of few readers that come back, each may read from the store.
func (t *Topic) look(now time.Time, share int) looks {
	t.mu.Lock()
	defer t.mu.Unlock()
	quiet := t.looked == t.head
	t.looked = t.head
	if t.cursors == 0 && now.Sub(t.used) > sweepEvery {
		for e, r := range t.rings {
			if r != nil {
				t.hub.rings.bytes.Add(-int64(r.clear()))
				t.rings[e] = nil
			}
		}
		if t.latest != nil && t.latest.whole {
			t.unlearn()
		}
	}
	if t.latest != nil && (t.latest.err != nil || t.latest.stale) {
		t.unlearn()
	}
	for _, r := range t.rings {
		if r != nil {
			t.hub.rings.seen++
			if quiet {
				t.hub.rings.bytes.Add(-int64(r.trim(min(share, t.cursors*quietRing))))
			}
		}
	}
	after := coldAfter
	if t.loaded && t.head == 0 {
		after = emptyAfter
	}
	if t.cursors == 0 && !t.inbox.working && now.Sub(t.used) > after {
		t.gone = true
		if t.document != nil {
			t.hub.documents.forget(t.document)
		}
		return cold
	}
	if t.document != nil && !t.document.tidy(now) && !t.inbox.working {
		t.sequencer = nil // it would be made anew
	}
	if t.loaded && !t.tidying && now.Sub(t.swept) >= retainEvery {
		t.swept = now
		t.tidying = true
		return overdue
	}
	return fine
}

// tidy applies the topic's retention and forgets old rows.
func (t *Topic) tidy(ctx context.Context, now time.Time) {
	defer func() {
		t.mu.Lock()
		t.tidying = false
		t.mu.Unlock()
	}()
	if err := t.retain(ctx, now); err != nil && ctx.Err() == nil {
		t.hub.config.Logger.Error("retention failed", "topic", t.name, "error", err)
	}
	if t.forgetting != "" || now.Sub(t.forgot) >= forgetEvery {
		if t.forgetting == "" {
			t.forgot = now
		}
		if err := t.forget(ctx, now); err != nil && ctx.Err() == nil {
			t.hub.config.Logger.Error("forgetting failed", "topic", t.name, "error", err)
		}
	}
}

func (t *Topic) retain(ctx context.Context, now time.Time) error {
	t.mu.Lock()
	first, head := t.first, t.head
	t.mu.Unlock()
	var cover func(context.Context, uint64) (uint64, error)
	if t.document != nil {
		cover = t.document.cover
	}
	keep, err := t.namespace.trim(ctx, t.log, t.name, first, head, now, cover)
	if err == nil && keep > first {
		t.truncated(keep)
	}
	return err
}

// forget deletes rows past their time, through the sequencer: of one page, and
// the next page at the next time. All at once was the other way; a topic that a
// million clients ever wrote to read a million rows whenever it was loaded, and
// those who published to it meanwhile waited.
func (t *Topic) forget(ctx context.Context, now time.Time) error {
	rows, err := t.log.Rows(ctx, t.name, max(t.forgetting, topic.Lasting), forgetPage)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	t.forgetting = ""
	if len(rows) == forgetPage {
		t.forgetting = rows[len(rows)-1].Key
	}
	var old []string
	for _, r := range rows {
		if topic.Forgotten(r.Key, r.Value, now) {
			old = append(old, r.Key)
		}
	}
	if len(old) > 0 {
		t.submit(job{forget: old, tell: func(topic.Verdict) {}})
	}
	return nil
}

func sorted(infos []TopicInfo, limit int) []TopicInfo {
	slices.SortFunc(infos, func(a, b TopicInfo) int { return cmp.Compare(a.Topic, b.Topic) })
	return infos[:min(len(infos), limit)]
}
