package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/topic"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// document is the fold of a topic as this node holds it: nothing until somebody
// needs it, and nothing again when it was let go. Who reads entries needs it not.
//
// It changes in two ways. The topic's sequencer judges on a draft and commits
// it with the append; and when another has written to the log, the entries are
// read from the store. Both at once would fold an entry twice: that of an
// append is told before the append has returned. So during a round nobody else
// brings the state up. Readers see it as it stands, which is at the earliest
// where the round began: what they lack comes as entries.
type document struct {
	topic  *Topic
	kind   doc.Kind
	length atomic.Int64 // bytes of the state when it was last held

	loading sync.Mutex // held while the state is brought up from the store
	sharing sync.Mutex // held while a snapshot is encoded for readers

	mu      sync.RWMutex  // guards the fields below, and the state
	state   doc.Fold      // nil: not held
	verdict *verdicts     // the sequencer's, nil when it has to be made anew
	round   chan struct{} // closed when the round that is under way ends; nil: none is
	folded  int64         // bytes of the entries that were ever folded here
	frames  [encodings]*shared
	kept    kept
}

// verdicts is the judge of the document, for its sequencer.
type verdicts struct {
	document *document
	judge    doc.Judge
}

func (v *verdicts) Decode(data []byte) (doc.Operation, error) { return v.document.kind.Decode(data) }

func (v *verdicts) Judge(e *doc.Entry, op doc.Operation) error {
	v.document.mu.RLock()
	defer v.document.mu.RUnlock()
	return v.judge.Judge(e, op)
}

func (v *verdicts) Commit() {
	v.document.mu.Lock()
	defer v.document.mu.Unlock()
	v.judge.Commit()
}

func (v *verdicts) Drop() {
	v.document.mu.RLock()
	defer v.document.mu.RUnlock()
	v.judge.Drop()
}

// hold keeps the state as it is until release, but for what is committed, and
// says whether the draft that was made last is still good.
func (d *document) hold() bool {
	d.loading.Lock() // who brings it up ends first
	defer d.loading.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.round = make(chan struct{})
	return d.verdict != nil
}

func (d *document) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.round)
	d.round = nil
}

// settle waits for the round that is under way, if the state lacks what this
// node has told up to offset.
func (d *document) settle(ctx context.Context, offset uint64) error {
	for {
		d.mu.RLock()
		round := d.round
		whole := round == nil || d.state != nil && d.state.Offset() >= offset
		d.mu.RUnlock()
		if whole {
			return nil
		}
		select {
		case <-round:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// draft makes a draft on the document as of offset, the durable head. Only who
// holds the document calls it.
func (d *document) draft(ctx context.Context, offset uint64) (*verdicts, error) {
	d.loading.Lock()
	defer d.loading.Unlock()
	if err := d.advance(ctx, offset); err != nil {
		return nil, err
	}
	d.touch()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state.Offset() != offset {
		return nil, fmt.Errorf("fold document: %w", store.ErrConflict)
	}
	d.verdict = &verdicts{document: d, judge: d.state.Judge(d.topic.hub.config.Session.Limits.DocumentBytes)}
	return d.verdict, nil
}

// appended notes what a round has added, which the state holds now.
func (d *document) appended(entries [][]byte) {
	bytes := 0
	for _, e := range entries {
		bytes += len(e)
	}
	d.mu.Lock()
	d.grow(len(entries), bytes)
	d.mu.Unlock()
	d.touch()
}

// grow counts what was folded. d.mu is held.
func (d *document) grow(entries, bytes int) {
	d.folded += int64(bytes)
	d.kept.entries += entries
	d.kept.bytes += bytes
	d.keepIfDue()
}

// ensure brings the state up to what this node has been told of the log, unless
// a round is under way.
func (d *document) ensure(ctx context.Context) error {
	t := d.topic
	t.mu.Lock()
	head := t.head
	t.mu.Unlock()
	if !d.behind(head) {
		d.touch()
		return nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	if !d.behind(head) {
		return nil
	}
	err := d.advance(ctx, head)
	d.touch()
	return err
}

// behind says whether the state must be brought up to head, and may be.
func (d *document) behind(head uint64) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state == nil || d.round == nil && d.state.Offset() < head
}

// advance reads the state from the store, or what it lacks up to offset.
// d.loading is held.
func (d *document) advance(ctx context.Context, offset uint64) error {
	t := d.topic
	d.mu.RLock()
	state := d.state
	d.mu.RUnlock()
	if state == nil {
		free, err := take(ctx, t.hub.loads)
		if err != nil {
			return err
		}
		defer free()
		r, err := t.hub.restore(ctx, t.log, t.name, d.kind, 0)
		if err != nil {
			return err
		}
		if err := r.foldTo(ctx, t.log, t.name, offset); err != nil {
			return err
		}
		d.mu.Lock()
		d.state, d.verdict = r.state, nil
		d.kept = kept{offset: r.kept, keeping: d.kept.keeping}
		d.grow(r.entries, r.bytes)
		d.mu.Unlock()
		return nil
	}
	for at := state.Offset(); at < offset; {
		ops, bytes, err := readOps(ctx, t.log, t.name, d.kind, at, offset)
		d.mu.Lock()
		if d.state != state {
			d.mu.Unlock()
			return d.advance(ctx, offset) // it was let go
		}
		d.verdict = nil
		switch {
		case err == nil:
			foldOps(state, ops)
			d.grow(len(ops), bytes)
			at = state.Offset()
		case errors.Is(err, errHole):
			d.state = nil // a snapshot holds what is missing
		}
		d.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// read calls fn with the state, which does not change meanwhile.
func (d *document) read(ctx context.Context, fn func(doc.Fold) error) error {
	for {
		if err := d.ensure(ctx); err != nil {
			return err
		}
		d.mu.RLock()
		if d.state != nil {
			defer d.mu.RUnlock()
			return fn(d.state)
		}
		d.mu.RUnlock() // it was let go meanwhile
	}
}

// touch notes that the document was used, and what it takes.
func (d *document) touch() {
	d.mu.RLock()
	bytes := d.size()
	if d.state != nil {
		d.length.Store(int64(d.state.Bytes()))
	}
	d.mu.RUnlock()
	d.topic.hub.documents.touch(d, bytes, d.topic.hub.now())
}

// tidy drops snapshots that nobody was given for a while, and the state when
// nobody needed it. It says whether the state is held.
func (d *document) tidy(now time.Time) bool {
	if !d.mu.TryLock() {
		return true
	}
	for e, f := range d.frames {
		if f != nil && now.Sub(f.used) > shareFor {
			d.frames[e] = nil
		}
	}
	bytes, since := d.size(), now.Add(-d.patience())
	d.mu.Unlock()
	d.topic.hub.documents.charge(d, bytes)
	return d.topic.hub.documents.rest(d, since)
}

// patience is for how long the state is held when nobody needs it. d.mu is held.
func (d *document) patience() time.Duration {
	if d.state == nil {
		return restAfter
	}
	bytes := d.state.Bytes() + d.kept.bytes + d.kept.entries*entryBytes
	return max(restAfter, time.Duration(bytes)*restPerByte)
}

// size is about how many bytes the document takes. d.mu is held.
func (d *document) size() int {
	if d.state == nil {
		return 0
	}
	n := emptyDocument + d.state.Memory()
	for _, f := range d.frames {
		if f != nil {
			n += len(f.body)
		}
	}
	return n
}

// letGo forgets the state, unless it is in use.
func (d *document) letGo() bool {
	if !d.mu.TryLock() {
		return false
	}
	defer d.mu.Unlock()
	if d.round != nil {
		return false
	}
	if d.verdict != nil {
		d.verdict.judge = nil // the sequencer may hold it for long
	}
	d.state, d.verdict = nil, nil
	clear(d.frames[:])
	return true
}

// is says whether the topic is a document of the type, or why not.
func (t *Topic) is(typ string) error {
	switch {
	case t.document == nil:
		return protocol.Errorf(protocol.WrongType, "The topic is no document.")
	case t.document.kind.Name() != typ:
		return protocol.Errorf(protocol.WrongType, "The topic is a document of type %s, not %.40q.", t.document.kind.Name(), typ)
	}
	return nil
}

// fits says whether a message may be what the topic takes, or why not (rule
// DOC-4).
func (t *Topic) fits(m *Message, base *uint64) error {
	switch {
	case t.document == nil && base != nil:
		return protocol.Errorf(protocol.WrongType, "The topic is no document: nothing that is published there has a base.")
	case t.document != nil && (m.Name != "" || m.Key != ""):
		return protocol.Errorf(protocol.WrongType, "The topic is a document: an operation has no name and no key.")
	}
	return nil
}

// replaced says whether what a hook has put in place of an operation is one, or
// why not.
func (t *Topic) replaced(m, own *Message, base *uint64) error {
	if t.document == nil || own.Name == "" && own.Key == "" && bytes.Equal(m.Data, own.Data) {
		return nil
	}
	if t.document.kind.Positional() {
		return fmt.Errorf("an operation of the type %s may be rejected, not replaced", t.document.kind.Name())
	}
	if err := t.fits(own, base); err != nil {
		return err
	}
	_, err := t.document.kind.Decode(own.Data)
	return err
}

// verb is what publishing to the topic needs.
func (t *Topic) verb() auth.Verb {
	if t.document != nil {
		return auth.Edit
	}
	return auth.Publish
}

var _ topic.Document = (*verdicts)(nil)
