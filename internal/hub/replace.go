package hub

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

// maxRewrites is how often a text is compared anew since others wrote meanwhile.
const maxRewrites = 4

// Replacement asks that a text become another.
type Replacement struct {
	Identity auth.Identity
	Trusted  bool // the embedding program itself; no rights are asked
	Topic    string
	Base     *uint64 // its author had seen the log up to here; nil: all of it
	Text     string
	Key      string // Idempotency-Key, or empty
}

// Replace edits a text so that it becomes another, by the difference between that
// and what its author had seen (rule TEXT-15).
func (h *Hub) Replace(ctx context.Context, r Replacement) (protocol.Position, error) {
	asked := "replace\x00\x00" + r.Text
	if r.Base != nil {
		asked = fmt.Sprintf("replace\x00%d\x00%s", *r.Base, r.Text)
	}
	return h.rewrite(ctx, &rewriting{
		Operation: Operation{Identity: r.Identity, Trusted: r.Trusted, Topic: r.Topic, Base: r.Base, Key: r.Key},
		asked:     asked,
		verbs:     []auth.Verb{auth.Edit},
		target:    func(context.Context, *Topic) (string, error) { return r.Text, nil },
	})
}

// rewriting is an operation on a text that is told by what the text is to be.
type rewriting struct {
	Operation
	asked  string // all that was asked for: what an Idempotency-Key stands for
	verbs  []auth.Verb
	target func(ctx context.Context, t *Topic) (string, error)
}

func (h *Hub) rewrite(ctx context.Context, w *rewriting) (protocol.Position, error) {
	t, kind, err := h.textOf(ctx, w.Topic)
	if err != nil {
		return protocol.Position{}, err
	}
	if w.Key != "" && t.repeatsKey(ctx, topic.KeyKey(w.Identity.Sub, w.Key)) {
		return h.editAs(ctx, w, nil, []byte("[]")) // answered as the first was
	}
	for _, verb := range w.verbs {
		if w.Trusted {
			break
		}
		if err := h.allow(ctx, w.Identity, verb, w.Topic); err != nil {
			return protocol.Position{}, err
		}
	}
	target, err := w.target(ctx, t)
	if err != nil {
		return protocol.Position{}, h.storeError(err)
	}
	return h.converge(ctx, t, kind, w, target)
}

// converge edits until the difference was made of a text that the log still lets
// operations be made on.
func (h *Hub) converge(ctx context.Context, t *Topic, kind doc.Text, w *rewriting, target string) (at protocol.Position, err error) {
	var seen *string
	if w.Base != nil {
		if seen, err = t.seen(ctx, *w.Base); err != nil {
			return at, h.storeError(err)
		}
		op, err := h.difference(ctx, kind, *seen, *seen, target)
		if err != nil {
			return at, err
		}
		if at, err = h.editAs(ctx, w, w.Base, op); !outdated(err) {
			return at, err
		}
	}
	for range maxRewrites {
		now, position, err := t.text(ctx, nil)
		if err != nil {
			return at, h.storeError(err)
		}
		from := now
		if seen != nil {
			from = *seen
		}
		op, err := h.difference(ctx, kind, from, now, target)
		if err != nil {
			return at, err
		}
		if at, err = h.editAs(ctx, w, &position.Offset, op); !outdated(err) {
			return at, err
		}
	}
	return at, protocol.Errorf(protocol.Overloaded, "The text changes too fast to be compared.")
}

// difference compares texts, a few at once: it may take as much memory as some
// copies of them.
func (h *Hub) difference(ctx context.Context, kind doc.Text, seen, now, target string) ([]byte, error) {
	free, err := take(ctx, h.values)
	if err != nil {
		return nil, h.storeError(err)
	}
	defer free()
	return kind.Rewrite(seen, now, target)
}

// editAs takes an operation in the name of who asked for a rewriting.
func (h *Hub) editAs(ctx context.Context, w *rewriting, base *uint64, op []byte) (protocol.Position, error) {
	return h.PublishAll(ctx, Publications{
		Identity: w.Identity, Trusted: w.Trusted, Topic: w.Topic, Key: w.Key, Asked: w.asked,
		Entries: []Message{{Data: op}}, Operation: true, Base: base,
	})
}

func outdated(err error) bool {
	return err != nil && protocol.AsError(err).Code == protocol.RebaseRequired
}

// textOf returns a topic that is a text.
func (h *Hub) textOf(ctx context.Context, name string) (*Topic, doc.Text, error) {
	if h.shut.Load() {
		return nil, nil, draining()
	}
	t, err := h.documentOf(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	kind, ok := t.document.kind.(doc.Text)
	if !ok {
		return nil, nil, protocol.Errorf(protocol.WrongType, "The topic is a document of type %s; this is for texts.", t.document.kind.Name())
	}
	return t, kind, nil
}

// documentOf returns a topic that is a document.
func (h *Hub) documentOf(ctx context.Context, name string) (*Topic, error) {
	t, err := h.topic(ctx, name)
	if err != nil {
		return nil, err
	}
	if t.document == nil {
		return nil, protocol.Errorf(protocol.WrongType, "The topic is no document.")
	}
	return t, nil
}

// text is the text now, or as of an entry, and the position that it is of.
func (t *Topic) text(ctx context.Context, at *uint64) (string, protocol.Position, error) {
	var v protocol.DocumentValue
	if err := t.glance(ctx, at, &v); err != nil {
		return "", protocol.Position{}, err
	}
	var text string
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return "", protocol.Position{}, fmt.Errorf("read the value: %w", err)
	}
	return text, protocol.Position{Offset: v.Offset, Term: v.Term}, nil
}

// seen is the text that the author of an operation with that base had seen.
func (t *Topic) seen(ctx context.Context, base uint64) (*string, error) {
	text, _, err := t.text(ctx, &base)
	if err != nil && protocol.AsError(err).Code == protocol.NotFound {
		return nil, protocol.Errorf(protocol.RebaseRequired, "") // of another log (rule DOC-5)
	}
	return &text, err
}
