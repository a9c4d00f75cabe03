package protocol

import (
	"strconv"
	"strings"
)

// Position is a place in a topic's log: all up to Offset has been read, and
// Term wrote that entry. Offset 0 is the place before the first entry; its
// term does not matter.
type Position struct {
	Term   string `json:"term,omitzero"`
	Offset uint64 `json:"offset"`
}

// MaxOffset is the largest offset: 2^53-1, the largest whole number that every
// JSON reader keeps exact.
const MaxOffset = 1<<53 - 1

const termBytes = 11

// String returns the text form, as it stands in URLs and SSE ids:
// "offset.term", or "0".
func (p Position) String() string {
	return string(p.append(nil))
}

func (p Position) append(b []byte) []byte {
	b = strconv.AppendUint(b, p.Offset, 10)
	if p.Term != "" {
		b = append(b, '.')
		b = append(b, p.Term...)
	}
	return b
}

// ParsePosition reads the text form. A position above 0 must name its term.
func ParsePosition(s string) (Position, error) {
	p, err := parsePosition(s)
	if err == nil && p.Offset > 0 && p.Term == "" {
		err = Errorf(BadMessage, "The position %.40q names no term.", s)
	}
	return p, err
}

func parsePosition(s string) (Position, error) {
	digits, term, dotted := strings.Cut(s, ".")
	offset, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || offset > MaxOffset || digits[0] == '+' || (dotted && !validTerm(term)) {
		return Position{}, Errorf(BadMessage, "%.40q is not a position.", s)
	}
	return Position{Term: term, Offset: offset}, nil
}

func validTerm(s string) bool {
	if len(s) != termBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// check returns bad_message unless p could have come from a server.
func (p Position) check() error {
	if p.Offset > MaxOffset || (p.Term != "" && !validTerm(p.Term)) || (p.Offset > 0 && p.Term == "") {
		return Errorf(BadMessage, "The position is not valid: it has an offset and, above 0, the term that wrote it.")
	}
	return nil
}
