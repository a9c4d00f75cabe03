package load

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/gobwas/ws"
)

// MaxFrame is the longest payload that is read.
const MaxFrame = 16 << 20

const pooledFrame = 64 << 10

var longFrames = sync.Pool{New: func() any { return new([]byte) }}

// Frames reads the frames of a server that masks, fragments and compresses
// nothing. A payload that fits into the reader's buffer is not copied; a longer
// one is in a buffer that is borrowed until the next call.
type Frames struct {
	in   *bufio.Reader
	long *[]byte
}

// NewFrames reads from in, whose buffer holds 16 bytes at least.
func NewFrames(in *bufio.Reader) *Frames { return &Frames{in: in} }

// Next reads one frame. The payload is valid until the next call.
func (f *Frames) Next() (ws.OpCode, []byte, error) {
	f.giveBack()
	head, err := f.in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	if head[0]&0x70 != 0 || head[0]&0x80 == 0 || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("a frame that begins with % x", head)
	}
	op, size, n := ws.OpCode(head[0]&0x0f), 2, uint64(head[1]&0x7f)
	switch n {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if head, err = f.in.Peek(size); err != nil {
		return 0, nil, err
	}
	switch size {
	case 4:
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case 10:
		n = binary.BigEndian.Uint64(head[2:])
	}
	if n > MaxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	payload, err := f.payload(size, int(n))
	return op, payload, err
}

// payload reads n bytes behind size bytes of header.
func (f *Frames) payload(size, n int) ([]byte, error) {
	if size+n <= f.in.Size() {
		whole, err := f.in.Peek(size + n)
		if err != nil {
			return nil, err
		}
		_, err = f.in.Discard(size + n)
		return whole[size:], err
	}
	if _, err := f.in.Discard(size); err != nil {
		return nil, err
	}
	f.long = longFrames.Get().(*[]byte)
	if cap(*f.long) < n {
		*f.long = make([]byte, n)
	}
	*f.long = (*f.long)[:n]
	_, err := io.ReadFull(f.in, *f.long)
	return *f.long, err
}

func (f *Frames) giveBack() {
	if f.long != nil && cap(*f.long) <= pooledFrame {
		longFrames.Put(f.long)
	}
	f.long = nil
}
