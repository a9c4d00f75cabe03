package hub

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

const (
	maxLoads   = 2 // documents that are read from the store at once
	maxValues  = 4 // that are told as values
	maxTravels = 2 // that are folded as they were
)

// Glance asks for a document's value.
type Glance struct {
	Identity auth.Identity
	Trusted  bool // the embedding program itself; no rights are asked
	Topic    string
	At       *uint64 // as of this entry; nil: now
}

// Document returns a document's value, now or as it was (rule DOC-13).
func (h *Hub) Document(ctx context.Context, g Glance) (*protocol.DocumentValue, error) {
	if err := protocol.CheckTopic(g.Topic); err != nil {
		return nil, err
	}
	if !g.Trusted {
		verb := auth.Read
		if g.At != nil {
			verb = auth.History
		}
		if err := h.allow(ctx, g.Identity, verb, g.Topic); err != nil {
			return nil, err
		}
	}
	t, err := h.documentOf(ctx, g.Topic)
	if err != nil {
		return nil, err
	}
	v := &protocol.DocumentValue{Topic: g.Topic, Doc: t.document.kind.Name()}
	if err := t.glance(ctx, g.At, v); err != nil {
		return nil, h.storeError(err)
	}
	return v, nil
}

// take waits for one of the tokens, and returns what gives it back.
func take(ctx context.Context, tokens chan struct{}) (free func(), err error) {
	select {
	case tokens <- struct{}{}:
		return func() { <-tokens }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// glance puts the value now, or as of the entry at, into v.
func (t *Topic) glance(ctx context.Context, at *uint64, v *protocol.DocumentValue) error {
	tell := func(s doc.Fold) error {
		v.Offset, v.Value = s.Offset(), s.AppendValue(nil)
		return nil
	}
	t.mu.Lock()
	head := t.head
	t.mu.Unlock()
	switch {
	case at == nil || *at == head:
		free, err := take(ctx, t.hub.values)
		if err != nil {
			return err
		}
		defer free()
		if err := t.document.settle(ctx, head); err != nil {
			return err
		}
		if err := t.document.read(ctx, tell); err != nil {
			return err
		}
	case *at > head:
		return protocol.Errorf(protocol.NotFound, "The document has no entry %d.", *at)
	}
	if at != nil && *at == 0 {
		_ = tell(t.document.kind.New())
	} else if at != nil && (v.Value == nil || v.Offset != *at) {
		free, err := take(ctx, t.hub.travels)
		if err != nil {
			return err
		}
		defer free()
		r, err := t.hub.restore(ctx, t.log, t.name, t.document.kind, *at)
		if err != nil {
			return err
		}
		if err := r.foldTo(ctx, t.log, t.name, *at); err != nil {
			return err
		}
		_ = tell(r.state)
	}
	terms, err := t.log.Terms(ctx, t.name)
	if err != nil {
		return fmt.Errorf("read terms: %w", err)
	}
	position := protocol.Position{Offset: v.Offset, Term: topic.TermAt(terms, v.Offset)}
	v.Term, v.Cursor = position.Term, protocol.Cursor{position}.String()
	return nil
}

// Operation is one operation on a document, from HTTP or from the embedding
// program.
type Operation struct {
	Identity auth.Identity
	Trusted  bool
	Topic    string
	Base     *uint64 // its author had seen the log up to here; nil: all of it
	Op       []byte
	Key      string // Idempotency-Key, or empty
}

// Edit takes an operation, as Publish does an entry (rule DOC-14).
func (h *Hub) Edit(ctx context.Context, o Operation) (protocol.Position, error) {
	return h.PublishAll(ctx, Publications{
		Identity: o.Identity, Trusted: o.Trusted, Topic: o.Topic, Key: o.Key,
		Entries: []Message{{Data: o.Op}}, Operation: true, Base: o.Base,
	})
}
