package hub

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	defaultPage     = 100
	maxHistoryBytes = 1 << 20
)

// History reads a page of a topic's log (rule HTTP-2). A page holds at most
// about a megabyte, however many entries were asked for.
func (h *Hub) History(ctx context.Context, identity auth.Identity, q protocol.History) (*protocol.HistoryPage, error) {
	if err := h.allow(ctx, identity, auth.History, q.Topic); err != nil {
		return nil, err
	}
	t, err := h.topic(ctx, q.Topic)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = min(defaultPage, h.config.Session.Limits.Page)
	}
	t.mu.Lock()
	page := &protocol.HistoryPage{ID: q.ID, Topic: q.Topic, First: t.first, Head: t.position(t.head), Entries: []jsontext.Value{}}
	t.mu.Unlock()
	after, end := uint64(0), page.Head.Offset+1
	switch {
	case q.After != nil:
		after = *q.After
	case q.Before != nil:
		end = min(*q.Before, end)
		after = end - 1 - min(uint64(limit), end-min(end, 1))
	default:
		after = page.Head.Offset - min(uint64(limit), page.Head.Offset)
	}
	entries, err := t.log.Read(ctx, t.name, after, limit, maxHistoryBytes)
	if err != nil {
		return nil, h.storeError(fmt.Errorf("read page: %w", err))
	}
	for _, e := range entries {
		if e.Offset < end {
			page.Entries = append(page.Entries, e.Data)
		}
	}
	return page, nil
}

// TopicInfo tells where one topic stands.
type TopicInfo struct {
	Topic string            `json:"topic"`
	First uint64            `json:"first"`
	Head  protocol.Position `json:"head"`
}

// Topics lists up to limit topics that start with prefix and are above after,
// in the order of their bytes (rule HTTP-3).
func (h *Hub) Topics(ctx context.Context, identity auth.Identity, prefix, after string, limit int) ([]TopicInfo, error) {
	if err := h.allow(ctx, identity, auth.Admin, prefix+"*"); err != nil {
		return nil, err
	}
	infos := []TopicInfo{}
	for _, log := range []store.Log{h.config.Durable, h.config.Memory} {
		names, err := log.Topics(ctx, prefix, after, limit)
		if err != nil {
			return nil, h.storeError(fmt.Errorf("list topics: %w", err))
		}
		for _, name := range names {
			head, err := log.Head(ctx, name)
			if err != nil {
				return nil, h.storeError(fmt.Errorf("read head: %w", err))
			}
			infos = append(infos, TopicInfo{Topic: name, First: head.First, Head: protocol.Position{Term: head.Term, Offset: head.Last}})
		}
		if h.config.Durable == h.config.Memory {
			break
		}
	}
	return sorted(infos, limit), nil
}
