package document

import (
	"unicode/utf8"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/text"
)

var _ doc.Text = kind{}

// Rewrite returns the operation that does to the text now what would make target
// of seen (rule TEXT-15).
func (kind) Rewrite(seen, now, target string) ([]byte, error) {
	op, err := text.Between(seen, target)
	if err != nil {
		return nil, Error(err)
	}
	if seen != now {
		since, err := text.Between(seen, now)
		if err != nil {
			return nil, Error(err)
		}
		if op, err = text.Transform(op, since, text.Right); err != nil {
			return nil, Error(err)
		}
	}
	return Append(nil, op), nil
}

// Splices reads an operation, and tells how many code points each splice inserts.
func (kind) Splices(data []byte) ([]doc.Splice, error) {
	op, err := Decode(data)
	if err != nil {
		return nil, err
	}
	splices := make([]doc.Splice, len(op))
	for i, s := range op {
		splices[i] = doc.Splice{At: s.At, Delete: s.Delete, Insert: utf8.RuneCountInString(s.Insert)}
	}
	return splices, nil
}
