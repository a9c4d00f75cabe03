package text

import (
	"fmt"
	"unicode/utf8"
)

// Snapshot is a fold, whole: the text, and the log since its bar, which whoever
// folds on needs.
type Snapshot struct {
	Text    string
	Bar     uint64
	Length  int     // code points that the text had at the bar
	Entries []Entry // since the bar; those without effect have no operation
}

// Offset is that of the newest entry.
func (s *Snapshot) Offset() uint64 { return s.Bar + uint64(len(s.Entries)) }

// Snapshot returns the fold without what is tentative.
func (f *Fold) Snapshot() Snapshot {
	bar := f.sequence.bar
	if len(f.tentative) > 0 {
		bar = f.tentative[0].bar
	}
	return Snapshot{Text: f.Kept(), Bar: bar.offset, Length: bar.length, Entries: f.sequence.between(bar.offset, f.KeptOffset())}
}

// Load returns the fold that a snapshot tells of: bad_update if it is none.
func Load(s Snapshot, limits Limits) (*Fold, error) {
	if !utf8.ValidString(s.Text) || s.Length < 0 || s.Length > MaxLength {
		return nil, fail(BadUpdate, "The snapshot's text is none.")
	}
	f := NewFold(s.Text, s.Bar, limits)
	sequence, err := s.sequence()
	if err != nil {
		return nil, err
	}
	f.sequence = *sequence
	length := s.Length
	_, err = f.sequence.history.walk(nil, 0, length, &nearby{charged: true}, func(e edit) {
		length += utf8.RuneCountInString(e.text) - e.n
	})
	if err != nil {
		return nil, err
	}
	if length != f.Len() {
		return nil, fail(BadUpdate, fmt.Sprintf("The snapshot's text has %d code points; its log makes %d.", f.Len(), length))
	}
	return f, nil
}

// sequence is the history that a snapshot has, whose positions are not checked.
func (s *Snapshot) sequence() (*sequence, error) {
	q := newSequence(s.Bar, s.Length)
	for i := range s.Entries {
		e := &s.Entries[i]
		if e.Offset != q.offset()+1 {
			return nil, fail(BadUpdate, "The snapshot's entries do not follow each other.")
		}
		if _, err := e.Op.check(MaxLength / 2); err != nil {
			return nil, fail(BadUpdate, "The snapshot has an entry that is no operation.")
		}
		if e.Op.events() == 0 {
			q.skip()
			continue
		}
		parents, err := q.past(e)
		if err != nil {
			return nil, fail(BadUpdate, "The snapshot has an entry that follows what is not there.")
		}
		q.add(e, parents)
	}
	return &q, nil
}
