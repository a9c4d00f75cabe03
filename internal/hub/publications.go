package hub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

// maxTogether bounds the data of one command, in bytes.
const maxTogether = 8 << 20

// Publication is an entry from HTTP or from the embedding program.
type Publication struct {
	Identity auth.Identity
	// Trusted: the embedding program itself; no rights are asked, no hook, and
	// the entry has no author.
	Trusted bool
	Topic   string
	Name    string
	Label   string // the entry's key, or empty
	Data    []byte
	Key     string // Idempotency-Key, or empty
}

// Publications are entries of one topic that are taken together, one right
// behind the other, or not at all. Its fields are those of a Publication.
type Publications struct {
	Identity auth.Identity
	Trusted  bool
	Topic    string
	Entries  []Message // whose Topic is not looked at
	Key      string    // Idempotency-Key, or empty
	// Operation: the one entry is an operation on a document, with Base unless
	// that is nil.
	Operation bool
	Base      *uint64
	// Asked is what an Idempotency-Key stands for in place of the entry, which the
	// server has made of it; empty: the entry.
	Asked string
}

// Publish takes an entry and returns its position when it is durable, or an
// error of the table. When ctx ends first the entry may still be taken.
func (h *Hub) Publish(ctx context.Context, p Publication) (protocol.Position, error) {
	return h.PublishAll(ctx, Publications{
		Identity: p.Identity, Trusted: p.Trusted, Topic: p.Topic, Key: p.Key,
		Entries: []Message{{Name: p.Name, Key: p.Label, Data: p.Data}},
	})
}

// PublishAll is Publish for a batch. It returns the position of the first
// entry; the others are at the offsets that follow (rule HTTP-6).
func (h *Hub) PublishAll(ctx context.Context, b Publications) (protocol.Position, error) {
	h.publishes.begin()
	defer h.publishes.end()
	if err := h.check(b); err != nil {
		return protocol.Position{}, err
	}
	t, err := h.topic(ctx, b.Topic)
	if err != nil {
		return protocol.Position{}, err
	}
	if b.Operation && t.document == nil {
		return protocol.Position{}, protocol.Errorf(protocol.WrongType, "The topic is no document.")
	}
	c := &topic.Command{Base: b.Base}
	if b.Key != "" {
		c.Key = topic.KeyKey(b.Identity.Sub, b.Key)
		c.Body = b.sum()
	}
	entries := b.Entries
	switch {
	case b.Trusted:
		c.Denied = denial(t.fits(&entries[0], b.Base))
	case t.repeatsKey(ctx, c.Key):
		c.Author, c.Denied = author(b.Identity), unasked
	default:
		c.Author = author(b.Identity)
		entries, c.Denied = h.judge(ctx, t, b)
	}
	if t.document != nil && len(entries) > 1 && c.Denied == nil {
		c.Denied = protocol.Errorf(protocol.WrongType, "The topic is a document: it takes one operation at a time.")
	}
	c.Name, c.Label, c.Data = entries[0].Name, entries[0].Key, entries[0].Data
	for _, m := range entries[1:] {
		c.More = append(c.More, topic.Draft{Name: m.Name, Label: m.Key, Data: m.Data})
	}
	return h.take(ctx, t, c)
}

// judge asks for the right to publish each entry, and the hook, which may
// replace it. One that may not be published is the end of all.
func (h *Hub) judge(ctx context.Context, t *Topic, b Publications) ([]Message, *protocol.Error) {
	judged := make([]Message, len(b.Entries))
	for i, m := range b.Entries {
		m.Topic = b.Topic
		if err := h.mayPublish(ctx, t, b.Identity, b.Base, &m); err != nil {
			return b.Entries, b.at(i, protocol.AsError(err))
		}
		judged[i] = m
	}
	return judged, nil
}

// take hands a command to its topic and waits for the verdict.
func (h *Hub) take(ctx context.Context, t *Topic, c *topic.Command) (protocol.Position, error) {
	verdict := make(chan topic.Verdict, 1)
	t.submit(job{command: c, tell: func(v topic.Verdict) { verdict <- v }})
	select {
	case v := <-verdict:
		if v.Err != nil {
			return protocol.Position{}, v.Err
		}
		return protocol.Position{Term: v.Term, Offset: v.Offset}, nil
	case <-ctx.Done():
		return protocol.Position{}, protocol.Errorf(protocol.Overloaded, "No answer came in time; the entry may still be taken.")
	}
}

func (h *Hub) check(b Publications) error {
	if h.shut.Load() {
		return draining()
	}
	if err := protocol.CheckTopic(b.Topic); err != nil {
		return err
	}
	if err := protocol.CheckBatch(len(b.Entries)); err != nil {
		return err
	}
	size := 0
	for i, m := range b.Entries {
		if err := protocol.CheckName(m.Name); err != nil {
			return b.at(i, protocol.AsError(err))
		}
		if err := protocol.CheckKey(m.Key); err != nil {
			return b.at(i, protocol.AsError(err))
		}
		if err := h.config.Session.Limits.CheckData(m.Data); err != nil {
			return b.at(i, protocol.AsError(err))
		}
		if size += len(m.Data); size > maxTogether {
			return protocol.Errorf(protocol.TooLarge, "The entries hold more than %d bytes together.", maxTogether)
		}
	}
	return nil
}

// at says in an error which of several entries it is about.
func (b *Publications) at(i int, err *protocol.Error) *protocol.Error {
	if len(b.Entries) == 1 {
		return err
	}
	told := *err
	told.Message = fmt.Sprintf("Entry %d of %d: %s", i+1, len(b.Entries), err.Message)
	return &told
}

// sum tells batches of one Idempotency-Key apart. No part of an entry holds a
// NUL.
func (b *Publications) sum() [sha256.Size]byte {
	if b.Asked != "" {
		return sha256.Sum256([]byte("\x00\x00" + b.Asked))
	}
	if len(b.Entries) == 1 {
		m := b.Entries[0]
		text := m.Name + "\x00"
		if m.Key != "" {
			text += m.Key + "\x00"
		}
		if b.Base != nil {
			text += fmt.Sprintf("%d\x00\x00", *b.Base)
		}
		return sha256.Sum256([]byte(text + string(m.Data)))
	}
	var all []byte
	for _, m := range b.Entries {
		for _, part := range []string{m.Name, m.Key, string(m.Data)} {
			all = binary.AppendUvarint(all, uint64(len(part)))
			all = append(all, part...)
		}
	}
	return sha256.Sum256(all)
}
