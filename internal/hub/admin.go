package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// Admin is who administers: someone with an identity, or the embedding program
// itself, of which no rights are asked.
type Admin struct {
	Identity auth.Identity
	Trusted  bool
}

// name is what the log of the server says of the admin.
func (a Admin) name() string {
	if a.Trusted {
		return "the program"
	}
	return a.Identity.Sub
}

// admit asks for the right to administer topic, or all.
func (h *Hub) admit(ctx context.Context, a Admin, topic string) error {
	if h.shut.Load() {
		return draining()
	}
	if topic != auth.AllTopics {
		if err := protocol.CheckTopic(topic); err != nil {
			return err
		}
	}
	if a.Trusted {
		return nil
	}
	return h.allow(ctx, a.Identity, auth.Admin, topic)
}

// Truncate forgets the entries of a topic below an offset, at most all that
// there are, and tells where it stands then (rule ADMIN-1).
func (h *Hub) Truncate(ctx context.Context, a Admin, name string, before uint64) (TopicInfo, error) {
	t, err := h.administered(ctx, a, name)
	if err != nil {
		return TopicInfo{}, err
	}
	t.mu.Lock()
	first := min(before, t.head+1)
	t.mu.Unlock()
	if t.document != nil {
		if first, err = t.document.cover(ctx, first); err != nil {
			return TopicInfo{}, h.adminError("truncate", name, err)
		}
	}
	if err := t.log.Truncate(ctx, name, first); err != nil {
		return TopicInfo{}, h.adminError("truncate", name, err)
	}
	t.truncated(first)
	t.mu.Lock()
	info := TopicInfo{Topic: name, First: t.first, Head: t.position(t.head)}
	t.mu.Unlock()
	h.config.Logger.Info("log truncated", "topic", name, "first", info.First, "by", a.name())
	return info, nil
}

// Redact takes out of an entry what its publisher said and who that was, and
// keeps its place. It returns the entry's position (rule ADMIN-2).
func (h *Hub) Redact(ctx context.Context, a Admin, name string, offset uint64) (protocol.Position, error) {
	t, err := h.administered(ctx, a, name)
	if err != nil {
		return protocol.Position{}, err
	}
	if t.document != nil {
		return protocol.Position{}, protocol.Errorf(protocol.WrongType, "An entry of a document cannot be redacted: all who hold the document have folded it. Undo it by an operation, and truncate the log.")
	}
	t.mu.Lock()
	first, head, at := t.first, t.head, t.position(offset)
	t.mu.Unlock()
	switch {
	case offset == 0 || offset > head:
		return protocol.Position{}, protocol.Errorf(protocol.NotFound, "The topic has no entry %d.", offset)
	case offset < first:
		return protocol.Position{}, protocol.Errorf(protocol.PositionLost, "The topic no longer holds entry %d.", offset)
	}
	changed, err := t.redact(ctx, offset)
	if err != nil {
		return protocol.Position{}, h.adminError("redact", name, err)
	}
	if changed {
		for _, m := range h.members.list() {
			m.redacted(name, offset)
		}
		h.config.Logger.Info("entry redacted", "topic", name, "offset", offset, "by", a.name())
	}
	return at, nil
}

// redact puts the redacted form in the entry's place, in the log, for readers of
// the rings, and among the keys; false if it was there already.
func (t *Topic) redact(ctx context.Context, offset uint64) (bool, error) {
	entries, err := t.log.Read(ctx, t.name, offset-1, 1, 1)
	if err != nil {
		return false, fmt.Errorf("read entry: %w", err)
	}
	if len(entries) == 0 || entries[0].Offset != offset {
		return false, store.ErrMissing
	}
	e, err := protocol.ParseEntry(entries[0].Data)
	if err != nil {
		return false, fmt.Errorf("parse entry: %w", err)
	}
	if e.Redacted {
		return false, nil
	}
	if err := t.log.Redact(ctx, t.name, offset, protocol.AppendEntry(nil, e.Redact())); err != nil {
		return false, fmt.Errorf("write entry: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.rings {
		if r != nil && r.holds(offset) {
			t.hub.rings.bytes.Add(-int64(r.clear()))
		}
	}
	if t.latest != nil {
		t.latest.redacted(keyed{offset, e.Key})
		t.charge()
	}
	return true, nil
}

func (h *Hub) administered(ctx context.Context, a Admin, name string) (*Topic, error) {
	if err := h.admit(ctx, a, name); err != nil {
		return nil, err
	}
	return h.topic(ctx, name)
}

func (h *Hub) adminError(verb, name string, err error) error {
	if errors.Is(err, store.ErrMissing) {
		return protocol.Errorf(protocol.PositionLost, "")
	}
	if ctxErr := h.ctx.Err(); ctxErr == nil && !errors.Is(err, context.Canceled) {
		h.config.Logger.Error(verb+" failed", "topic", name, "error", err)
	}
	return h.storeError(err)
}

// Disconnect ends the connections and streams of a user, or the connection of
// a client, and returns how many there were (rule ADMIN-3).
func (h *Hub) Disconnect(ctx context.Context, a Admin, who protocol.Disconnect) (int, error) {
	if err := h.admit(ctx, a, auth.AllTopics); err != nil {
		return 0, err
	}
	reason := protocol.Errorf(protocol.Forbidden, "An administrator has ended the connection.")
	if who.Return {
		reason = protocol.Errorf(protocol.Draining, "An administrator has ended the connection; reconnect.")
	}
	var leaving []member
	if who.Client != "" {
		for _, c := range h.claims.held(who.Client) {
			leaving = append(leaving, c)
		}
	} else {
		for _, m := range h.members.list() {
			if m.sub() == who.Sub {
				leaving = append(leaving, m)
			}
		}
	}
	for _, m := range leaving {
		m.leave(reason)
	}
	h.config.Logger.Info("disconnected", "sub", who.Sub, "client", who.Client, "return", who.Return, "connections", len(leaving), "by", a.name())
	return len(leaving), nil
}
