package text

import "slices"

// tried is how to take an entry back.
type tried struct {
	mark    mark
	entries int
	bar     bar
	client  string
	last    lv // the client's newest event before it; -1: none
	inverse Op // of each splice, in their order
}

// Try makes what is folded from now on tentative.
func (f *Fold) Try() { f.trying = true }

// begin notes where the fold stands before an entry of a client's, if that is
// tentative.
func (f *Fold) begin(client string) *tried {
	if !f.trying {
		return nil
	}
	s := &f.sequence
	t := tried{mark: s.history.mark(), entries: len(s.entries), bar: s.bar, client: client, last: -1}
	if last, ok := s.last[client]; ok {
		t.last = last
	}
	f.tentative = append(f.tentative, t)
	return &f.tentative[len(f.tentative)-1]
}

// inverse is the splice that takes another back, which is about to be made.
func (r *rope) inverse(s Splice) Splice {
	return Splice{At: s.At, Delete: sizeOf(s.Insert).runes, Insert: r.slice(s.At, s.At+s.Delete)}
}

// Keep ends what is tentative: it cannot be taken back any more.
func (f *Fold) Keep() {
	f.trying, f.tentative = false, nil
	f.trim()
}

// TakeBack takes back what was folded since Try, down to the entry of an offset.
func (f *Fold) TakeBack(offset uint64) {
	s := &f.sequence
	for f.Offset() > max(offset, f.KeptOffset()) {
		last := len(f.tentative) - 1
		t := &f.tentative[last]
		for _, splice := range slices.Backward(t.inverse) {
			f.text.splice(splice)
		}
		s.history.truncate(t.mark)
		delete(s.forks, t.entries)
		delete(s.after, t.entries)
		s.entries, s.bar = s.entries[:t.entries], t.bar
		if t.last >= 0 {
			s.last[t.client] = t.last
		} else {
			delete(s.last, t.client)
		}
		f.walker, f.tentative = nil, f.tentative[:last]
	}
}

// Kept is the text without what is tentative.
func (f *Fold) Kept() string { return f.kept().String() }

// KeptOffset is the offset of the newest entry that is not tentative.
func (f *Fold) KeptOffset() uint64 {
	if len(f.tentative) > 0 {
		return f.sequence.start + uint64(f.tentative[0].entries)
	}
	return f.Offset()
}

func (f *Fold) kept() *rope {
	text := f.text
	if len(f.tentative) > 0 {
		text = newRope(f.String())
	}
	for _, t := range slices.Backward(f.tentative) {
		for _, splice := range slices.Backward(t.inverse) {
			text.splice(splice)
		}
	}
	return text
}
