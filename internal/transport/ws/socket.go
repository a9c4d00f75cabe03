package ws

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
)

// socket is how a Conn moves bytes, apart from what they mean.
type socket interface {
	// read blocks until there is something to read and returns rest with what
	// came after it, for the caller to change. The slice is valid until release.
	read(rest []byte) ([]byte, error)
	release()
	// tryWrite writes what it can of frames without blocking and returns the
	// number of bytes; fewer than all, with a nil error, means that the rest
	// would block.
	tryWrite(frames [][]byte) (int, error)
	// write blocks until all of frames is written, or the write deadline. It
	// may change the outer slice.
	write(frames [][]byte) (int, error)
}

// blocking is the socket of connections that can only block: TLS, pipes, and
// all of them where the system has no better. It keeps a small buffer.
type blocking struct {
	conn net.Conn
	buf  [1 << 10]byte
}

func (s *blocking) read(rest []byte) ([]byte, error) {
	held := copy(s.buf[:], rest)
	for {
		n, err := s.conn.Read(s.buf[held:])
		switch {
		case n > 0:
			return s.buf[:held+n], nil
		case err != nil:
			return nil, err
		}
	}
}

func (s *blocking) release() {}

func (s *blocking) tryWrite([][]byte) (int, error) { return 0, nil }

// write joins the frames, so that they share a TLS record.
func (s *blocking) write(frames [][]byte) (int, error) {
	return s.conn.Write(bytes.Join(frames, nil))
}

// total returns the number of bytes in frames.
func total(frames [][]byte) int {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// after returns what is left of frames after their first n bytes. It changes
// no slice of frames, and the outer slice is new.
func after(frames [][]byte, n int) [][]byte {
	for len(frames) > 0 && n >= len(frames[0]) {
		n -= len(frames[0])
		frames = frames[1:]
	}
	left := append([][]byte(nil), frames...)
	if len(left) > 0 {
		left[0] = left[0][n:]
	}
	return left
}

// halfClose tells the peer that nothing more will come, where conn can.
func halfClose(conn net.Conn) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// abort closes conn at once: it waits for no peer and leaves the kernel nothing
// to deliver.
func abort(conn net.Conn) {
	var raw io.Closer = conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if t, ok := raw.(interface{ SetLinger(seconds int) error }); ok {
		_ = t.SetLinger(0)
	}
	_ = raw.Close()
}
