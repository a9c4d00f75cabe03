package protocol

import "strings"

// MaxCursorTopics is how many topics one stream and so one cursor can cover.
const MaxCursorTopics = 32

// Cursor is one position for each topic of a stream, in the order in which the
// stream named its topics.
//
// Its text form joins the positions by commas. A term equal to the one before
// it is left out, since most topics were last written in the same run of the
// store: "42.dGVybTEyMzQ,7,0,9.dGVybTU2Nzg".
type Cursor []Position

// AppendText appends the text form to b.
func (c Cursor) AppendText(b []byte) ([]byte, error) {
	term := ""
	for i, p := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if p.Offset == 0 {
			p.Term = ""
		} else if p.Term == term {
			p.Term = ""
		} else {
			term = p.Term
		}
		b = p.append(b)
	}
	return b, nil
}

func (c Cursor) String() string {
	b, _ := c.AppendText(nil)
	return string(b)
}

// ParseCursor reads the text form of a cursor over n topics.
func ParseCursor(s string, n int) (Cursor, error) {
	if strings.Count(s, ",") != n-1 {
		return nil, Errorf(BadMessage, "The cursor does not cover the %d topics of this stream.", n)
	}
	c := make(Cursor, 0, n)
	term := ""
	for part := range strings.SplitSeq(s, ",") {
		p, err := parsePosition(part)
		if err != nil {
			return nil, err
		}
		switch {
		case p.Offset == 0:
			p.Term = ""
		case p.Term == "" && term == "":
			return nil, Errorf(BadMessage, "The cursor %.40q names no term.", s)
		case p.Term == "":
			p.Term = term
		default:
			term = p.Term
		}
		c = append(c, p)
	}
	return c, nil
}
