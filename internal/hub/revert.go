package hub

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// Reversion asks that a text become what it was.
type Reversion struct {
	Identity auth.Identity
	Topic    string
	Version  string  // the version that it was, or, if that is empty,
	At       *uint64 // the entry as of which
	Key      string  // Idempotency-Key, or empty
}

// Restore edits a text so that it becomes what it was, by the difference, so that
// its history goes on (rule TEXT-17).
func (h *Hub) Restore(ctx context.Context, r Reversion) (protocol.Position, error) {
	w := &rewriting{
		Operation: Operation{Identity: r.Identity, Topic: r.Topic, Key: r.Key},
		verbs:     []auth.Verb{auth.Edit, auth.History},
	}
	if r.Version != "" {
		w.asked = "restore\x00version\x00" + r.Version
		w.target = func(ctx context.Context, t *Topic) (string, error) { return t.keptText(ctx, r.Version) }
	} else {
		w.asked = fmt.Sprintf("restore\x00offset\x00%d", *r.At)
		w.target = func(ctx context.Context, t *Topic) (string, error) {
			text, _, err := t.text(ctx, r.At)
			return text, err
		}
	}
	return h.rewrite(ctx, w)
}

// keptText is the text that was kept under a name.
func (t *Topic) keptText(ctx context.Context, name string) (text string, err error) {
	v, err := t.kept(ctx, name)
	if err != nil {
		return "", err
	}
	if v.Doc != t.document.kind.Name() {
		return "", protocol.Errorf(protocol.WrongType, "The version is of the type %s, and the document of the type %s.", v.Doc, t.document.kind.Name())
	}
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return "", fmt.Errorf("version %q is damaged: %w", name, err)
	}
	return text, nil
}
