//go:build darwin || linux || openbsd

package ws

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize holds what most clients send at once, and with room to spare
	// the undecoded rest of an earlier read (under 140 bytes).
	bufferSize = 8 << 10
	// maxVector is the number of slices that every system takes in one writev.
	maxVector = 1024
)

type buffer [bufferSize]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// raw is the socket of plain TCP and Unix connections.
//
// net.Conn.Read wants its buffer before it waits, and net.Conn.Write blocks. So
// raw makes the system calls itself, inside the callbacks of a RawConn: these
// lend it the descriptor, and wait in the runtime's poller when the callback
// says that it would block. An event loop of our own would save the goroutine
// that waits, some 2 KiB, and cost a second scheduler beside Go's.
//
// The callbacks are bound once per connection or pooled, since a closure that
// escapes into the RawConn is garbage for each call.
type raw struct {
	conn  net.Conn
	fd    syscall.RawConn
	ready func(fd uintptr) bool

	rest []byte
	buf  *buffer // held from read to release
	n    int
	err  error
}

// newSocket takes exact types only: a wrapper that embeds a *net.TCPConn has
// its methods, but reads through the descriptor would pass it by.
func newSocket(conn net.Conn) socket {
	var fd syscall.RawConn
	var err error
	switch c := conn.(type) {
	case *net.TCPConn:
		fd, err = c.SyscallConn()
	case *net.UnixConn:
		fd, err = c.SyscallConn()
	}
	if fd == nil || err != nil {
		return &blocking{conn: conn}
	}
	s := &raw{conn: conn, fd: fd}
	s.ready = s.readReady
	return s
}

func (s *raw) read(rest []byte) ([]byte, error) {
	s.rest = rest
	err := s.fd.Read(s.ready)
	s.rest = nil
	switch {
	case err != nil:
		return nil, err
	case s.err != nil:
		return nil, s.err
	}
	return s.buf[:s.n], nil
}

func (s *raw) readReady(fd uintptr) bool {
	buf := buffers.Get().(*buffer)
	held := copy(buf[:], s.rest)
	n, err := unix.Read(int(fd), buf[held:])
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Read(int(fd), buf[held:])
	}
	switch {
	case n > 0:
		s.buf, s.n, s.err = buf, held+n, nil
		return true
	case errors.Is(err, unix.EAGAIN):
		buffers.Put(buf)
		return false
	case err == nil:
		err = io.EOF
	}
	buffers.Put(buf)
	s.err = err
	return true
}

func (s *raw) release() {
	if s.buf != nil {
		buffers.Put(s.buf)
		s.buf = nil
	}
}

func (s *raw) write(frames [][]byte) (int, error) {
	bufs := net.Buffers(frames)
	n, err := bufs.WriteTo(s.conn)
	return int(n), err
}

func (s *raw) tryWrite(frames [][]byte) (int, error) {
	w := writes.Get().(*attempt)
	w.frames, w.n, w.err = frames, 0, nil
	err := s.fd.Write(w.ready)
	if err == nil {
		err = w.err
	}
	n := w.n
	w.frames, w.err = nil, nil
	writes.Put(w)
	return n, err
}

// attempt is one go at a write.
type attempt struct {
	ready  func(fd uintptr) bool
	frames [][]byte
	n      int
	err    error
}

var writes = sync.Pool{New: func() any {
	w := new(attempt)
	w.ready = w.writeReady
	return w
}}

// writeReady never asks to wait, whatever came of it.
func (w *attempt) writeReady(fd uintptr) bool {
	for frames := w.frames; len(frames) > 0; {
		batch := frames[:min(len(frames), maxVector)]
		n, err := vector(int(fd), batch)
		if n > 0 {
			w.n += n
		}
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			w.err = err
		}
		if err != nil || n < total(batch) {
			break
		}
		frames = frames[len(batch):]
	}
	return true
}

func vector(fd int, frames [][]byte) (n int, err error) {
	for {
		if len(frames) == 1 {
			n, err = unix.Write(fd, frames[0])
		} else {
			n, err = unix.Writev(fd, frames)
		}
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
