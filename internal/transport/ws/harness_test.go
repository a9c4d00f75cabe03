package ws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// patience bounds waits that end early unless something is broken.
const patience = 20 * time.Second

// sockets returns two ends of a loopback TCP connection, closed at the
// end of the test.
func sockets(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialed, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server, client = accepted.(*net.TCPConn), dialed.(*net.TCPConn)
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Close(), client.Close() })
	return server, client
}

// cramped is sockets with small kernel buffers, so that writes stall soon.
func cramped(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	server, client = sockets(t)
	if err := errors.Join(server.SetWriteBuffer(64<<10), client.SetReadBuffer(64<<10)); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// served is a Conn whose Serve runs.
type served struct {
	*Conn
	messages chan string
	ended    chan error
}

// serve runs Serve on conn; stub replaces the socket, if not nil. Messages go
// to a channel that never blocks in a test.
func serve(conn net.Conn, stub socket, cfg Config) *served {
	s := &served{Conn: newConn(conn, nil, cfg.withDefaults()), messages: make(chan string, 1<<16), ended: make(chan error, 1)}
	if stub != nil {
		s.sock = stub
	}
	go func() {
		s.ended <- s.Serve(func(m []byte) error {
			s.messages <- string(m)
			return nil
		})
		close(s.messages)
	}()
	return s
}

func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// mask returns the bytes of a client's frame.
func mask(op ws.OpCode, fin bool, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrameWith(ws.NewFrame(op, fin, []byte(payload)), [4]byte{0x37, 0xfa, 0x21, 0x3d}))
}

func closeFrame(code int, reason string) []byte {
	return mask(ws.OpClose, true, string(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
}

// frames reads the server's frames up to the end of r.
func frames(t testing.TB, r io.Reader) []ws.Frame {
	t.Helper()
	var all []ws.Frame
	for {
		f, err := ws.ReadFrame(r)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("after %d frames: %v", len(all), err)
		}
		if f.Header.Masked || f.Header.Rsv != 0 || !f.Header.Fin {
			t.Fatalf("the server sent a frame with header %+v", f.Header)
		}
		all = append(all, f)
	}
}

// nextFrame reads one frame of the server.
func nextFrame(t testing.TB, r io.Reader) ws.Frame {
	t.Helper()
	f, err := ws.ReadFrame(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
