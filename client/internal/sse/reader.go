// Package sse reads a stream of Server-Sent Events, as the HTML standard says
// (section 9.2.6, "Interpreting an event stream").
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// ErrTooLong is the error of an event that is longer than the reader takes.
var ErrTooLong = errors.New("the event is longer than the limit")

// Reader reads the data of a stream's events. Names, ids, comments and retry
// are passed over, and so is an event that the end of the stream cuts short. It
// is not safe for concurrent use.
type Reader struct {
	in    *bufio.Reader
	limit int
	begun bool // the first bytes were looked at for a byte order mark
	cr    bool // the last line ended in a carriage return: a line feed may belong to it
	line  []byte
}

// NewReader returns a reader that takes events of limit bytes of data, and
// lines of as many.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReader(r), limit: limit}
}

// Next returns the data of the next event, its lines joined by line feeds. The
// caller owns it. Next blocks until the event's last line is there. At the end
// of the stream the error is [io.EOF]; after an error there is nothing to read
// any more.
func (r *Reader) Next() ([]byte, error) {
	var data []byte
	some := false
	for {
		line, err := r.readLine()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if some {
				return data, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		if string(field) != "data" {
			continue
		}
		value = bytes.TrimPrefix(value, []byte(" "))
		if some {
			data = append(data, '\n')
		}
		some = true
		if len(data)+len(value) > r.limit {
			return nil, ErrTooLong
		}
		data = append(data, value...)
	}
}

var byteOrderMark = []byte("\uFEFF")

// readLine returns a line without its end: CR, LF or both. The line is valid
// until the next call. A CR ends it at once, so that an event is not held back
// until something follows.
func (r *Reader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return nil, err
		}
		after := r.cr
		r.cr = c == '\r'
		switch {
		case c == '\n' && after && len(r.line) == 0:
		case c == '\n', c == '\r':
			return r.unmarked(), nil
		case len(r.line) >= r.limit+len("data: "):
			return nil, ErrTooLong
		default:
			r.line = append(r.line, c)
		}
	}
}

// unmarked is the line without the byte order mark that a stream may begin
// with.
func (r *Reader) unmarked() []byte {
	if r.begun {
		return r.line
	}
	r.begun = true
	return bytes.TrimPrefix(r.line, byteOrderMark)
}
