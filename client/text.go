package client

import (
	"time"
	"unicode/utf8"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

// Text is a text that several people edit. Positions and lengths are Unicode code
// points.
//
// Edits that follow each other while nothing can be sent are one operation, and
// share its mutation: it is confirmed, rejected or taken back as a whole.
type Text struct {
	*Document
	writing *writing
}

// TextChange is a change of the text that is shown.
type TextChange struct {
	Op     text.Op          // of the text as it was
	Remote bool             // it came from the server: others' work, a snapshot, or a rejection of one's own
	Client string           // who made it, of an entry of others'
	Author *protocol.Author // the same; nil: none was told
}

// Rebased says that what was pending was put on a text whose history is not known,
// by comparing it with the one that it was written on.
type Rebased struct {
	Mutations []*Mutation // that were pending, in order
	Before    string      // what was shown before
	After     string      // and now
	Lost      bool        // the server has lost the log that was known
}

// OpenText opens a topic as a text. It returns at once: [Document.Ready] waits, and
// tells what is wrong with the topic. What is written before stands behind what
// the text is found to hold.
func OpenText(c *Client, topic string, options DocumentOptions) *Text {
	r := c.join(topic, kindText, newWriting, options.Offline)
	return &Text{&Document{replica: r, options: options}, r.content.(*writing)}
}

// Value returns the text, with what is pending.
func (t *Text) Value() string {
	t.replica.mu.Lock()
	defer t.replica.mu.Unlock()
	return t.writing.session.String()
}

// String returns the text, as Value.
func (t *Text) String() string { return t.Value() }

// Len returns how many code points the text has.
func (t *Text) Len() int {
	t.replica.mu.Lock()
	defer t.replica.mu.Unlock()
	return t.writing.session.Len()
}

// Insert puts s behind so many code points.
func (t *Text) Insert(at int, s string) *Mutation { return t.Edit(text.Insert(at, s)) }

// Delete deletes n code points behind so many.
func (t *Text) Delete(at, n int) *Mutation { return t.Edit(text.Delete(at, n)) }

// Replace puts s in the place of n code points behind so many.
func (t *Text) Replace(at, n int, s string) *Mutation {
	return t.Edit(text.Op{{At: at, Delete: n, Insert: s}})
}

// Edit applies splices, each of which sees those before it, all or none. One that
// does not fit is rejected at once; one that changes nothing is confirmed. What is
// too large for one entry is several, each judged for itself, and their mutation
// is confirmed when all are; it is undone as one.
func (t *Text) Edit(op text.Op) *Mutation {
	r := t.replica
	r.making.Lock()
	defer r.making.Unlock()
	all, made, err := t.edit(op)
	for _, m := range made {
		r.submit(m, t.options.Timeout)
	}
	if len(made) == 0 && len(all) > 0 {
		r.client.keepWords()
	}
	if err != nil || len(all) == 0 {
		m := r.newMutation()
		if all = append(all, m); err != nil {
			r.refuse(m, err)
		} else {
			m.settle(MutationConfirmed, Ack{}, nil)
		}
	}
	return joint(all)
}

func (t *Text) edit(op text.Op) (all, made []*Mutation, err error) {
	r := t.replica
	closed := t.isClosed()
	r.mu.Lock()
	defer r.mu.Unlock()
	if closed {
		return nil, nil, protocol.Errorf(protocol.Closed, "")
	}
	if err := r.check(); err != nil {
		return nil, nil, err
	}
	return t.writing.edit(op, time.Now())
}

// Undo takes back the latest edit that was made here and is not undone, with what
// was typed in one go with it, and nobody else's work. It returns the mutations
// that do; none, if there is nothing to undo.
func (t *Text) Undo() []*Mutation { return t.revert((*text.Session).Undo) }

// Redo makes the edit again that was undone last.
func (t *Text) Redo() []*Mutation { return t.revert((*text.Session).Redo) }

// CanUndo says whether there is an edit to undo.
func (t *Text) CanUndo() bool {
	t.replica.mu.Lock()
	defer t.replica.mu.Unlock()
	return t.writing.session.CanUndo()
}

// CanRedo says whether there is an edit to make again.
func (t *Text) CanRedo() bool {
	t.replica.mu.Lock()
	defer t.replica.mu.Unlock()
	return t.writing.session.CanRedo()
}

func (t *Text) revert(back func(*text.Session) ([]uint64, text.Op, error)) []*Mutation {
	r := t.replica
	closed := t.isClosed()
	r.making.Lock()
	defer r.making.Unlock()
	r.mu.Lock()
	var made []*Mutation
	if !closed && r.check() == nil {
		made = t.writing.revert(back)
	}
	r.mu.Unlock()
	for _, m := range made {
		r.submit(m, t.options.Timeout)
	}
	return made
}

// OnChange lets fn be called with each change of the text, in order: applied one
// after another to what the text was when it was added, they make what is shown.
// It returns a function that ends this.
func (t *Text) OnChange(fn func(TextChange)) (remove func()) {
	return t.follow(t.writing.changes.add(fn))
}

// OnRebased lets fn be called when what was pending has been put on another text,
// so that the application can show what became of it. It returns a function that
// ends this.
func (t *Text) OnRebased(fn func(Rebased)) (remove func()) {
	return t.follow(t.writing.rebased.add(fn))
}

// typing is what was edited last, so that what is typed in one go is undone in one.
type typing struct {
	at      int // where it goes on; -1: nowhere
	deletes bool
	time    time.Time
	edits   int // in one go
}

// pause is how long typing may rest and still be undone in one go.
const pause = 500 * time.Millisecond

// mostTyped is how many edits are undone in one go: some words, not a page.
const mostTyped = 100

// joins says whether an edit goes on with the typing, and notes where that is then.
func (t *typing) joins(op text.Op, now time.Time) bool {
	before := *t
	*t = typing{at: -1}
	if len(op) != 1 || op[0].Delete > 0 && op[0].Insert != "" {
		return false
	}
	s := op[0]
	*t = typing{at: s.At + utf8.RuneCountInString(s.Insert), deletes: s.Delete > 0, time: now, edits: 1}
	if before.at < 0 || before.deletes != t.deletes || now.Sub(before.time) > pause {
		return false
	}
	if before.edits == mostTyped || s.At != before.at && !(t.deletes && s.At+s.Delete == before.at) {
		return false
	}
	t.edits = before.edits + 1
	return true
}
