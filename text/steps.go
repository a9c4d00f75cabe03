package text

import "slices"

// mostSince is how many events of others are kept to undo past; with more, what
// was before cannot be undone.
const mostSince = 1 << 20

// mostJoined is how many events an operation has at most that takes several edits
// back.
const mostJoined = 4096

// steps are own edits of a session that can be undone, or made again: a stack,
// whose top is an edit of the text as it is. What others do is noted at the top
// alone, and handed down, transformed past the top's edit, when that is taken off:
// so it costs nothing until somebody undoes.
type steps []step

type step struct {
	key     uint64 // of the own operation
	op      Op
	inverse Op   // of the text behind op
	since   Op   // what became of the text behind op then, without those above
	events  int  // of since
	joined  bool // it is undone with the one beneath
	void    bool // it was dropped: its effect is gone
}

// push puts an edit on top.
func (s *steps) push(e step) {
	if len(*s) == 2*maxSteps { // seldom, as all others move
		*s = append((*s)[:0], (*s)[maxSteps:]...)
	}
	*s = append(*s, e)
}

// note says what has become of the text otherwise.
func (s *steps) note(op Op) {
	if len(*s) == 0 || len(op) == 0 {
		return
	}
	top := &(*s)[len(*s)-1]
	top.since = append(top.since, op...)
	if top.events += op.events(); top.events > mostSince {
		*s = nil
	}
}

// pop takes the top off, and returns its inverse for the text as it is.
func (s *steps) pop() (step, Op) {
	top := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	if top.void {
		s.note(append(slices.Clone(top.op), top.since...))
		return top, nil
	}
	inverse, _ := Transform(top.inverse, top.since, Left) // both fit the text behind op
	since, _ := Transform(top.since, top.inverse, Right)
	s.note(since)
	return top, inverse
}

// drop says that own operations have no effect any more.
func (s steps) drop(keys []uint64) {
	for i := range s {
		if slices.Contains(keys, s[i].key) {
			s[i].void = true
		}
	}
}

// CanUndo says whether there is an own edit that is not undone.
func (s *Session) CanUndo() bool { return len(s.undos) > 0 }

// CanRedo says whether there is an undone edit that can be made again.
func (s *Session) CanRedo() bool { return len(s.redos) > 0 }

// Undo takes back the latest own edit that is not undone, with those that it was
// joined to, and nobody else's work: of what it inserted, what is still there; of
// what it deleted, all that this very edit did. They are own operations like any
// other; it returns them, and what becomes of the text. Nothing, if there is
// nothing to undo.
func (s *Session) Undo() ([]uint64, Op, error) { return s.revert(&s.undos, &s.redos) }

// Redo takes back the latest Undo.
func (s *Session) Redo() ([]uint64, Op, error) { return s.revert(&s.redos, &s.undos) }

func (s *Session) revert(from, to *steps) (keys []uint64, op Op, err error) {
	onto, joined := uint64(0), 0 // the operation that the next may be part of, and its events
	for len(*from) > 0 {
		top, inverse := from.pop()
		if n := inverse.events(); n > 0 {
			if joined += n; joined > mostJoined {
				onto = 0
			}
			made, err := s.apply(inverse, onto, 0)
			if err != nil {
				return keys, op, err
			}
			made.joined = len(keys) > 0
			to.push(made)
			if made.key != onto {
				keys, joined = append(keys, made.key), n
			}
			onto, op = made.key, append(op, inverse...)
		}
		if !top.joined && len(keys) > 0 {
			break
		}
	}
	return keys, op, nil
}

// others shows what is not the client's own edit.
func (s *Session) others(op Op) {
	for _, splice := range op {
		s.text.splice(splice)
	}
	s.undos.note(op)
	s.redos.note(op)
}
