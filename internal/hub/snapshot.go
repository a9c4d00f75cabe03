package hub

import (
	"context"
	"fmt"
	"time"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
)

const (
	// nearEntries is up to how many entries a reader of a document is given
	// rather than a snapshot.
	nearEntries = 512
	// farBytes is what an entry takes at least: where even so the entries come
	// to more than the document, a snapshot costs less.
	farBytes = 128
	// shareFor is how long a snapshot is kept that nobody was given.
	shareFor = 10 * time.Second
)

// shared is a document as its readers are told it, in one encoding: encoded
// once, and held once however many are being told it.
type shared struct {
	document *document
	encoding Encoding
	at       protocol.Position
	body     []byte    // as Framer.Share made it
	folded   int64     // document.folded then
	used     time.Time // d.mu guards it
}

func (s *shared) size() int {
	if s == nil {
		return 0
	}
	return len(s.body)
}

// owned is how many bytes of a snapshot the hub holds no more itself.
func (s *shared) owned() int {
	if s == nil {
		return 0
	}
	d := s.document
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.frames[s.encoding] == s {
		return 0
	}
	return len(s.body)
}

// startDocument is where the reader of a document starts (rules DOC-9 and
// DOC-11). The topic's lock is held.
func (t *Topic) startDocument(from protocol.From) start {
	p, given := from.Position()
	if !given {
		return start{position: t.position(t.head), recovered: true, snapshot: true}
	}
	if p.Offset > t.head || p.Offset > 0 && topic.TermAt(t.terms, p.Offset) != p.Term {
		return start{position: t.position(t.head), snapshot: true}
	}
	if p.Offset+1 < t.first || t.far(p.Offset+1) {
		return start{position: t.position(t.head), recovered: true, snapshot: true, least: p.Offset}
	}
	return start{position: t.position(p.Offset), recovered: true}
}

// far says whether a reader whose next entry is that of offset next is better
// served by a snapshot. The topic's lock is held.
func (t *Topic) far(next uint64) bool {
	if t.head < next+nearEntries {
		return false
	}
	return (t.head+1-next)*farBytes > uint64(t.document.length.Load())
}

// share returns a snapshot for readers at offset least or above, the one that is
// there if the entries since are few.
func (d *document) share(ctx context.Context, e Encoding, least uint64) (*shared, error) {
	if err := d.settle(ctx, least); err != nil {
		return nil, err
	}
	d.sharing.Lock()
	defer d.sharing.Unlock()
	if err := d.ensure(ctx); err != nil {
		return nil, err
	}
	t := d.topic
	t.mu.Lock()
	first := t.first
	t.mu.Unlock()
	now := t.hub.now()
	d.mu.Lock()
	if s := d.frames[e]; s != nil && d.state != nil && s.at.Offset+1 >= first && s.at.Offset >= least &&
		d.state.Offset() < s.at.Offset+nearEntries && d.folded-s.folded <= int64(len(s.body)) {
		s.used = now
		d.mu.Unlock()
		return s, nil
	}
	d.mu.Unlock()
	s := &shared{document: d, encoding: e, used: now}
	err := d.read(ctx, func(state doc.Fold) error {
		s.at.Offset, s.folded = state.Offset(), d.folded
		s.body = append(state.AppendSnapshot(nil), '}')
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.body = t.hub.config.Framers[e].Share(s.body)
	if s.at.Offset > 0 {
		terms, err := t.log.Terms(ctx, t.name)
		if err != nil {
			return nil, fmt.Errorf("read terms: %w", err)
		}
		s.at.Term = topic.TermAt(terms, s.at.Offset)
	}
	d.mu.Lock()
	if d.state != nil {
		d.frames[e] = s
	}
	d.mu.Unlock()
	d.touch()
	return s, nil
}

// snapshot tells a cursor the document, and which entries of the connection's
// clients are in it (rule DOC-10). It tells nothing that would not bring the
// cursor on, but to one that opens.
func (c *Conn) snapshot(cur *cursor) ([][]byte, news, error) {
	t := cur.topic
	s, err := t.document.share(c.hub.ctx, cur.encoding, cur.least)
	if err != nil {
		return nil, news{}, err
	}
	opening := cur.opening
	cur.wants, cur.opening = false, false
	if !opening && s.at.Offset < cur.next {
		return nil, news{}, nil
	}
	seqs, err := c.seqs(t, s.at.Offset)
	if err != nil {
		return nil, news{}, err
	}
	message := protocol.AppendSnapshotHead(nil, &protocol.Snapshot{Topic: t.name, Offset: s.at.Offset, Term: s.at.Term, Seqs: seqs})
	head := c.hub.config.Framers[cur.encoding].Head(nil, message, len(s.body))
	cur.next, cur.live = s.at.Offset+1, false
	return [][]byte{head, s.body}, news{bytes: len(head), more: true, shared: s}, nil
}

// seqs are the highest seqs of the connection's clients at or below offset. The
// rows are read when the offset is known, so they tell of that and perhaps of
// more, never of less.
func (c *Conn) seqs(t *Topic, offset uint64) ([]protocol.ClientSeq, error) {
	c.mu.Lock()
	clients := c.session.Clients()
	c.mu.Unlock()
	var seqs []protocol.ClientSeq
	for _, client := range clients {
		row, err := t.log.Row(c.hub.ctx, t.name, topic.ClientKey(client.ID))
		if err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		if seq := topic.SeqAt(row, offset, c.hub.now()); seq > 0 {
			seqs = append(seqs, protocol.ClientSeq{Client: client.ID, Seq: seq})
		}
	}
	return seqs, nil
}
