package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

const (
	foldEntries = 1024    // read at a time
	foldBytes   = 1 << 20 // of them
)

// errHole: entries that the fold needs are not in the log any more.
var errHole = errors.New("the log does not reach back to the document's state")

// restored is a document as it was read from the store.
type restored struct {
	kind    doc.Kind
	state   doc.Fold
	kept    uint64 // offset of the snapshot that it began with
	entries int    // that were folded on top
	bytes   int    // of those
}

// restore reads the newest snapshot at or below offset most (0: any), or begins
// with nothing where the log is whole.
func (h *Hub) restore(ctx context.Context, log store.Log, name string, t doc.Kind, most uint64) (*restored, error) {
	snapshot, err := log.Snapshot(ctx, name, most)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	head, err := log.Head(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	if snapshot.Offset > 0 {
		state, err := decodeKept(t, snapshot)
		if err == nil {
			return &restored{kind: t, state: state, kept: snapshot.Offset}, nil
		}
		h.config.Logger.Error("snapshot cannot be used", "topic", name, "offset", snapshot.Offset, "error", err)
		if head.First > 1 {
			return nil, err
		}
	}
	state := t.New()
	if head.First > 1 {
		if most > 0 {
			return nil, fmt.Errorf("restore document: %w", errHole)
		}
		// What was forgotten were messages: of a document it is in a snapshot.
		h.config.Logger.Warn("document begins behind what its topic has forgotten", "topic", name, "first", head.First)
		state.Skip(head.First - 1)
	}
	return &restored{kind: t, state: state}, nil
}

// foldTo folds the entries up to offset on top.
func (r *restored) foldTo(ctx context.Context, log store.Log, name string, offset uint64) error {
	for r.state.Offset() < offset {
		ops, bytes, err := readOps(ctx, log, name, r.kind, r.state.Offset(), offset)
		if err != nil {
			return err
		}
		foldOps(r.state, ops)
		r.entries += len(ops)
		r.bytes += bytes
	}
	return nil
}

// logged is an entry of the log, ready to be folded. Without an operation it
// has no effect.
type logged struct {
	entry doc.Entry
	op    doc.Operation
}

// readOps reads the entries that follow after, up to last, a page of them at
// most, and the bytes that they have. There is at least one.
func readOps(ctx context.Context, log store.Log, name string, t doc.Kind, after, last uint64) ([]logged, int, error) {
	entries, err := log.Read(ctx, name, after, int(min(foldEntries, last-after)), foldBytes)
	if err != nil {
		return nil, 0, fmt.Errorf("read log: %w", err)
	}
	if len(entries) == 0 || entries[0].Offset != after+1 {
		return nil, 0, fmt.Errorf("fold document: %w", errHole)
	}
	ops, bytes := make([]logged, len(entries)), 0
	for i, e := range entries {
		bytes += len(e.Data)
		if ops[i], err = decodeLogged(t, e); err != nil {
			return nil, 0, err
		}
	}
	return ops, bytes, nil
}

// decodeLogged reads an entry. One that is no operation of the type, since its
// topic was of another then or no document, or that was redacted, has none (rule
// DOC-3).
func decodeLogged(t doc.Kind, stored store.Entry) (logged, error) {
	e, err := protocol.ParseEntry(stored.Data)
	if err != nil {
		return logged{}, fmt.Errorf("parse entry %d: %w", stored.Offset, err)
	}
	l := logged{entry: doc.Entry{Offset: stored.Offset, Client: e.Client}}
	if e.Redacted || e.Base == nil {
		return l, nil
	}
	l.entry.Base = *e.Base
	if op, err := t.Decode(e.Data); err == nil {
		l.op = op
	}
	return l, nil
}

// foldOps applies entries, the next ones, to the state.
func foldOps(state doc.Fold, ops []logged) {
	for i := range ops {
		if ops[i].op != nil {
			_ = state.Fold(&ops[i].entry, ops[i].op) // it has no effect then
		}
	}
	state.Skip(ops[len(ops)-1].entry.Offset)
}

// envelope is a snapshot as the store keeps it.
type envelope struct {
	V     int            `json:"v"`
	Type  string         `json:"type"`
	Cells jsontext.Value `json:"cells"`
}

const envelopeVersion = 1

func appendKept(t doc.Kind, state doc.Fold) []byte {
	b := fmt.Appendf(nil, `{"v":%d,"type":%q,"cells":`, envelopeVersion, t.Name())
	return append(state.AppendSnapshot(b), '}')
}

func decodeKept(t doc.Kind, s store.Snapshot) (doc.Fold, error) {
	var e envelope
	if err := json.Unmarshal(s.Data, &e); err != nil {
		return nil, fmt.Errorf("snapshot at %d is damaged: %w", s.Offset, err)
	}
	switch {
	case e.V != envelopeVersion:
		return nil, fmt.Errorf("snapshot at %d is of version %d; this program reads %d", s.Offset, e.V, envelopeVersion)
	case e.Type != t.Name():
		return nil, protocol.Errorf(protocol.WrongType, "The topic holds a document of type %s, and its namespace is of type %s.", e.Type, t.Name())
	}
	state, err := t.Load(s.Offset, e.Cells)
	if err != nil {
		return nil, fmt.Errorf("snapshot at %d is damaged: %s", s.Offset, err.Error()) // no fault of the peer's
	}
	return state, nil
}
