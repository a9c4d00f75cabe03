package client

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
	"github.com/tuttisync/tutti/text/document"
)

func (w *writing) save() (jsontext.Value, bool) {
	s, ok := w.session.Snapshot()
	if !ok {
		return nil, false
	}
	return document.AppendSnapshot(nil, s), true
}

func (w *writing) resume(k resumed) (unfit []uint64, err error) {
	kept := text.Kept{Client: k.client}
	if k.stored != nil {
		s, err := document.DecodeSnapshot(k.stored.Cells)
		if err != nil {
			return nil, err
		}
		if s.Offset() != k.stored.Position.Offset {
			return nil, protocol.Errorf(protocol.BadMessage, "The snapshot of a text is of offset %d, not %d.", s.Offset(), k.stored.Position.Offset)
		}
		kept.Snapshot = &s
		for _, e := range k.stored.Entries {
			in, _ := entryOf(e) // one that cannot be read has no effect
			kept.Entries = append(kept.Entries, in)
		}
	}
	fit := make(map[uint64]keep.Operation) // by keys of the session
	for i, o := range k.operations {
		op, err := document.Decode(o.Data)
		if err != nil {
			unfit = append(unfit, o.Key)
			continue
		}
		key := uint64(i) + 1
		fit[key] = o
		kept.Pending = append(kept.Pending, text.Pending{Key: key, Base: o.Base, Op: op, Acknowledged: o.Place != nil})
	}
	s, without, err := text.Resume(kept)
	if err != nil {
		return nil, document.Error(err)
	}
	w.session = s
	for _, p := range kept.Pending {
		o := fit[p.Key]
		if slices.Contains(without, p.Key) {
			unfit = append(unfit, o.Key)
			continue
		}
		w.restore(p, o, k.client)
	}
	return unfit, nil
}

// restore takes over a pending operation that the session has.
func (w *writing) restore(p text.Pending, o keep.Operation, client string) {
	written := &written{key: p.Key, given: true, base: p.Base, op: p.Op, acknowledged: o.Place != nil}
	if o.Place != nil {
		written.position = *o.Place
	}
	w.keys[p.Key], w.pending[o.Key] = o.Key, written
	w.replica.restore(o, []string{""})
	w.replica.client.texts[w.replica] = struct{}{}
	if o.Seq > 0 {
		w.sent(o.Key, client, o.Seq)
	}
}
