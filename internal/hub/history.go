package hub

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	defaultPage     = 100
	maxHistoryBytes = 1 << 20
	historyBlock    = 16
)

// History reads a page of a topic's log (rule HTTP-2). A page holds at most
// about a megabyte, however many entries were asked for.
func (h *Hub) History(ctx context.Context, identity auth.Identity, q protocol.History) (*protocol.HistoryPage, error) {
	if err := protocol.CheckTopic(q.Topic); err != nil {
		return nil, err
	}
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
	var entries []store.Entry
	if q.After != nil {
		entries, err = t.log.Read(ctx, t.name, *q.After, limit, maxHistoryBytes)
	} else {
		end := page.Head.Offset + 1
		if q.Before != nil {
			end = min(*q.Before, end)
		}
		entries, err = t.newestBelow(ctx, end, limit)
	}
	if err != nil {
		return nil, h.storeError(fmt.Errorf("read page: %w", err))
	}
	for _, e := range entries {
		if e.Offset > page.Head.Offset {
			break // durable, but not told yet: a reader could not go on from there
		}
		page.Entries = append(page.Entries, e.Data)
	}
	return page, nil
}

// newestBelow returns the newest limit entries below end, ascending, and fewer
// if they hold more than about maxHistoryBytes. A store reads forwards, so it
// takes blocks from the end, each twice as long as the one before, or half as
// long when that is more than a page.
func (t *Topic) newestBelow(ctx context.Context, end uint64, limit int) ([]store.Entry, error) {
	var blocks [][]store.Entry
	bytes, block := 0, uint64(historyBlock)
	for limit > 0 && end > 1 && bytes < maxHistoryBytes {
		block = min(block, uint64(limit), end-1)
		entries, err := t.log.Read(ctx, t.name, end-1-block, int(block), maxHistoryBytes)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(entries, func(e store.Entry) bool { return e.Offset >= end }); i >= 0 {
			entries = entries[:i] // the block began before the log does
		}
		if len(entries) == 0 {
			break
		}
		if entries[len(entries)-1].Offset < end-1 {
			block = max(block/2, 1)
			continue
		}
		for _, e := range entries {
			bytes += len(e.Data)
		}
		blocks = append(blocks, entries)
		limit -= len(entries)
		end = entries[0].Offset
		block *= 2
	}
	slices.Reverse(blocks)
	return slices.Concat(blocks...), nil
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
	if err := h.allow(ctx, identity, auth.Admin, auth.AllTopics); err != nil {
		return nil, err
	}
	infos := []TopicInfo{}
	for _, log := range h.logs() {
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
	}
	return sorted(infos, limit), nil
}
