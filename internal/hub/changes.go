package hub

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

const (
	defaultChanges = 50
	changeGap      = 60_000 // milliseconds between two entries of one change, at most
	changePages    = 4      // of the log that are read for one answer,
	changeEntries  = 1024   // and the entries of each
)

// Changes asks what a document's authors did.
type Changes struct {
	Identity auth.Identity
	Topic    string
	Before   *uint64 // changes below this offset; nil: the newest
	Limit    int     // 0: 50
}

// Change is what one author did without a pause: consecutive entries of the log.
type Change struct {
	First    uint64           `json:"first"` // offset of its first entry
	Last     uint64           `json:"last"`
	Time     int64            `json:"time"` // of its first entry, in milliseconds since 1970
	End      int64            `json:"end"`  // of its last one
	Author   *protocol.Author `json:"author,omitzero"`
	Client   string           `json:"client,omitzero"`
	Entries  int              `json:"entries"`
	Inserted *int             `json:"inserted,omitzero"` // code points, of a text
	Deleted  *int             `json:"deleted,omitzero"`
}

// ChangePage is some of a document's changes, the newest first.
type ChangePage struct {
	Topic   string   `json:"topic"`
	Doc     string   `json:"doc"` // its type
	Changes []Change `json:"changes"`
	Before  uint64   `json:"before,omitzero"` // where to go on; 0: there are no more
}

// Changes tells what a document's authors did (rule DOC-35). However many changes
// were asked for, it reads no more than some pages of the log.
func (h *Hub) Changes(ctx context.Context, q Changes) (*ChangePage, error) {
	t, err := h.documentOf(ctx, q.Topic)
	if err != nil {
		return nil, err
	}
	if err := h.allow(ctx, q.Identity, auth.History, q.Topic); err != nil {
		return nil, err
	}
	t.mu.Lock()
	end, first := t.head+1, t.first
	t.mu.Unlock()
	if q.Before != nil {
		end = min(end, *q.Before)
	}
	if q.Limit == 0 {
		q.Limit = min(defaultChanges, h.config.Session.Limits.Page)
	}
	page := &ChangePage{Topic: q.Topic, Doc: t.document.kind.Name(), Changes: []Change{}}
	for read := 0; read < changePages && end > first; read++ {
		entries, err := t.newestBelow(ctx, end, changeEntries)
		if err != nil {
			return nil, h.storeError(fmt.Errorf("read page: %w", err))
		}
		if len(entries) == 0 {
			end = first // it was truncated meanwhile
			break
		}
		for i := len(entries) - 1; i >= 0; i-- {
			e, err := protocol.ParseEntry(entries[i].Data)
			if err != nil {
				return nil, h.storeError(fmt.Errorf("parse entry %d: %w", entries[i].Offset, err))
			}
			e.Offset = entries[i].Offset
			if !page.add(&e, t.document.kind, q.Limit) {
				return page, nil
			}
		}
		end = entries[0].Offset
	}
	if end <= first {
		page.Before = 0
	}
	return page, nil
}

// add adds an entry, the one before those of the page, unless that is full.
func (p *ChangePage) add(e *protocol.Entry, kind doc.Kind, limit int) bool {
	n := len(p.Changes)
	if n == 0 || !p.Changes[n-1].follows(e) {
		if n == limit {
			return false
		}
		p.Changes = append(p.Changes, Change{Last: e.Offset, End: e.Time, Author: e.Author, Client: e.Client})
		if _, text := kind.(doc.Text); text {
			p.Changes[n].Inserted, p.Changes[n].Deleted = new(int), new(int)
		}
		n++
	}
	c := &p.Changes[n-1]
	c.First, c.Time = e.Offset, e.Time
	c.Entries++
	if text, ok := kind.(doc.Text); ok {
		for _, s := range effect(text, e) {
			*c.Inserted += s.Insert
			*c.Deleted += s.Delete
		}
	}
	p.Before = c.First
	return true
}

// follows says whether the change goes on what an entry right before it began.
func (c *Change) follows(e *protocol.Entry) bool {
	sameAuthor := c.Author == e.Author || c.Author != nil && e.Author != nil && *c.Author == *e.Author
	return sameAuthor && c.Client == e.Client && c.Time-e.Time <= changeGap
}

// effect is what an entry did to the text as it was (rule TEXT-14).
func effect(kind doc.Text, e *protocol.Entry) []doc.Splice {
	if e.Redacted || e.Base == nil {
		return nil
	}
	if splices, err := kind.Splices(e.Data); err != nil || e.Eff == nil {
		return splices // what is no operation has no effect (rule DOC-3)
	}
	splices, _ := kind.Splices(e.Eff) // which the server has written
	return splices
}
