package hub

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// Run is a part of a text that one entry inserted. It has no offset if that was
// before the log begins.
type Run struct {
	At     int              `json:"at"`     // code points in front of it
	Length int              `json:"length"` // of it
	Author *protocol.Author `json:"author,omitzero"`
	Client string           `json:"client,omitzero"`
	Offset uint64           `json:"offset,omitzero"`
	Time   int64            `json:"time,omitzero"` // milliseconds since 1970
}

// Blame says who wrote what of a text, as of an offset.
type Blame struct {
	Topic  string `json:"topic"`
	Doc    string `json:"doc"`
	Offset uint64 `json:"offset"`
	Term   string `json:"term,omitzero"`
	Runs   []Run  `json:"runs"` // in order, and all of the text
}

// Blame tells who wrote what of a text, now or as of an entry (rule TEXT-16). It
// reads the log once.
func (h *Hub) Blame(ctx context.Context, g Glance) (*Blame, error) {
	t, kind, err := h.textOf(ctx, g.Topic)
	if err != nil {
		return nil, err
	}
	if err := h.allow(ctx, g.Identity, auth.History, g.Topic); err != nil {
		return nil, err
	}
	b, err := t.blame(ctx, kind, g.At)
	if errors.Is(err, errHole) {
		b, err = t.blame(ctx, kind, g.At) // retention has come between
	}
	if err != nil {
		return nil, h.storeError(err)
	}
	return b, nil
}

func (t *Topic) blame(ctx context.Context, kind doc.Text, at *uint64) (*Blame, error) {
	text, position, err := t.text(ctx, at)
	if err != nil {
		return nil, err
	}
	free, err := take(ctx, t.hub.travels)
	if err != nil {
		return nil, err
	}
	defer free()
	written, err := t.written(ctx, kind, position.Offset)
	if err != nil {
		return nil, err
	}
	b := &Blame{Topic: t.name, Doc: kind.Name(), Offset: position.Offset, Term: position.Term, Runs: []Run{}}
	b.fill(written, utf8.RuneCountInString(text))
	return b, nil
}

// beforeLog is how long a text is thought to be where the log begins: longer than
// any. How long it was is known in the end, by what is there then; until then
// nothing touches what is too much, as all of it is at the end.
const beforeLog = 1 << 40

// written folds the log up to an offset into runs.
func (t *Topic) written(ctx context.Context, kind doc.Text, offset uint64) (*runs, error) {
	head, err := t.log.Head(ctx, t.name)
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	r := &runs{root: newRun(beforeLog, &source{})}
	for after := head.First - 1; after < offset; {
		entries, err := t.log.Read(ctx, t.name, after, int(min(foldEntries, offset-after)), foldBytes)
		if err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
		if len(entries) == 0 || entries[0].Offset != after+1 {
			return nil, fmt.Errorf("read who wrote: %w", errHole)
		}
		for _, stored := range entries {
			if err := r.add(kind, stored); err != nil {
				return nil, fmt.Errorf("entry %d: %w", stored.Offset, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		after = entries[len(entries)-1].Offset
	}
	return r, nil
}

// add notes what an entry of the log did.
func (r *runs) add(kind doc.Text, stored store.Entry) error {
	e, err := protocol.ParseEntry(stored.Data)
	if err != nil {
		return err
	}
	from := &source{offset: stored.Offset, time: e.Time, author: e.Author, client: e.Client}
	for _, s := range effect(kind, &e) {
		if err := r.splice(s, from); err != nil {
			return err
		}
	}
	return nil
}

// fill tells the first code points of the runs, with those of one entry that stand
// side by side as one.
func (b *Blame) fill(r *runs, length int) {
	r.root, _ = r.root.cut(length)
	at := 0
	var last *source
	r.root.each(func(length int, from *source) {
		if from == last {
			b.Runs[len(b.Runs)-1].Length += length
		} else {
			b.Runs = append(b.Runs, Run{
				At: at, Length: length, Author: from.author, Client: from.client, Offset: from.offset, Time: from.time,
			})
		}
		at += length
		last = from
	})
}
