package chaos

// framer finds the end of a body in the bytes that come.
type framer interface {
	// take returns how many of the bytes are the body's, and whether it ends
	// with them. It is not called again after that.
	take(data []byte) (n int, end bool)
}

// fixedFramer is a body whose length was told.
type fixedFramer struct{ left int64 }

func (f *fixedFramer) take(data []byte) (int, bool) {
	n := int(min(f.left, int64(len(data))))
	f.left -= int64(n)
	return n, f.left == 0
}

// endless is a body that ends with its connection.
type endless struct{}

func (endless) take(data []byte) (int, bool) { return len(data), false }

// chunkFramer is a body in chunks (RFC 9112, section 7.1). One that is not well
// formed goes on until its connection ends: what it means is the receiver's to
// say.
type chunkFramer struct {
	state   chunkState
	size    int64 // bytes of the chunk that are still to come
	digits  int
	visible bool // the line so far has more than its end
}

type chunkState int

const (
	inSize chunkState = iota
	inExtension
	inData
	behindData
	inTrailer
	malformed
)

func (f *chunkFramer) take(data []byte) (int, bool) {
	for i := 0; i < len(data); {
		switch f.state {
		case malformed:
			return len(data), false
		case inData:
			n := min(f.size, int64(len(data)-i))
			f.size -= n
			i += int(n)
			if f.size == 0 {
				f.state = behindData
			}
			continue
		}
		if f.line(data[i]) {
			return i + 1, true
		}
		i++
	}
	return len(data), false
}

// line takes one byte of what is around the chunks, and says whether it is the
// body's last.
func (f *chunkFramer) line(c byte) bool {
	switch f.state {
	case inSize:
		switch digit := hexDigit(c); {
		case digit >= 0 && f.digits < 15:
			f.size = f.size<<4 | int64(digit)
			f.digits++
		case f.digits == 0:
			f.state = malformed
		case c == '\n':
			f.begin()
		case c == ';' || c == '\r' || c == ' ' || c == '\t':
			f.state = inExtension
		default:
			f.state = malformed
		}
	case inExtension:
		if c == '\n' {
			f.begin()
		}
	case behindData:
		switch c {
		case '\r':
		case '\n':
			f.state, f.digits = inSize, 0
		default:
			f.state = malformed
		}
	case inTrailer:
		if c == '\n' {
			if !f.visible {
				return true
			}
			f.visible = false
		} else if c != '\r' {
			f.visible = true
		}
	}
	return false
}

// begin enters the chunk whose size was read; the last is empty.
func (f *chunkFramer) begin() {
	f.state = inData
	if f.size == 0 {
		f.state = inTrailer
	}
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
