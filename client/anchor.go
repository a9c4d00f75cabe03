package client

import "github.com/tuttisync/tutti/text"

// Anchor is a place in a text that moves with what is edited around it, until it
// is released or its handle is closed.
type Anchor struct {
	writing *writing
	side    text.Side
	end     func()
	at      int // under the replica's mu
}

// Anchor returns an anchor behind so many code points. What is inserted there
// stands behind it if side is [text.Left], in front of it if it is [text.Right].
// Beyond the text's end it is at the end.
func (t *Text) Anchor(at int, side text.Side) *Anchor {
	w := t.writing
	w.replica.mu.Lock()
	a := &Anchor{writing: w, side: side, at: min(max(at, 0), w.session.Len())}
	w.anchors[a] = struct{}{}
	w.replica.mu.Unlock()
	a.end = t.follow(a.leave)
	return a
}

// At is where the anchor is; where it was, when it was released.
func (a *Anchor) At() int {
	a.writing.replica.mu.Lock()
	defer a.writing.replica.mu.Unlock()
	return a.at
}

// Release lets the anchor stay where it is. Twice is safe.
func (a *Anchor) Release() { a.end() }

func (a *Anchor) leave() {
	a.writing.replica.mu.Lock()
	defer a.writing.replica.mu.Unlock()
	delete(a.writing.anchors, a)
}
