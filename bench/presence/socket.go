package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tuttisync/tutti/internal/load"
)

const (
	patience = 30 * time.Second // how long an answer may take
	readSize = 4 << 10
)

// failed stands in what tells a failure.
var failed = []byte(`"error":{`)

// socket is one raw WebSocket connection. One goroutine reads it, one writes.
type socket struct {
	conn    net.Conn
	frames  *load.Frames
	dialect dialect
	bytes   int // of what was read
}

// dial opens a connection, and returns when its hello is answered.
func dial(ctx context.Context, s system, addr, frame, answer string) (*socket, error) {
	dialer := ws.Dialer{Timeout: patience}
	if s.subprotocol != "" {
		dialer.Protocols = []string{s.subprotocol}
	}
	conn, early, _, err := dialer.Dial(ctx, "ws://"+addr+s.path)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if early == nil {
		early = bufio.NewReaderSize(conn, readSize)
	}
	socket := &socket{conn: conn, frames: load.NewFrames(early), dialect: s.dialect}
	if err := socket.greet(frame, answer); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("greet: %w", err)
	}
	return socket, nil
}

func (s *socket) greet(frame, answer string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := s.say([]byte(frame)); err != nil {
		return err
	}
	for {
		frame, err := s.next()
		switch {
		case err != nil:
			return err
		case bytes.Contains(frame, []byte(answer)):
			return s.conn.SetReadDeadline(time.Time{})
		case bytes.Contains(frame, failed):
			return fmt.Errorf("the server said %s", frame)
		}
	}
}

func (s *socket) say(message []byte) error {
	if s.dialect.binary {
		return wsutil.WriteClientBinary(s.conn, message)
	}
	return wsutil.WriteClientText(s.conn, message)
}

// next reads one frame of data, which is valid until the next call, and gives signs
// of life where the server asks for them.
func (s *socket) next() ([]byte, error) {
	for {
		op, payload, err := s.frames.Next()
		s.bytes += len(payload)
		switch {
		case err != nil:
			return nil, err
		case op == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return nil, fmt.Errorf("the server closed: %d %s", code, reason)
		case op == ws.OpPing:
			err = wsutil.WriteClientMessage(s.conn, ws.OpPong, payload)
		case op == ws.OpText && s.asksForLife(payload):
			return payload, s.say([]byte(s.dialect.pong))
		case op == ws.OpText || op == ws.OpBinary:
			return payload, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// asksForLife says whether one of the messages of a frame, of which some servers
// put several on lines of one, is a ping.
func (s *socket) asksForLife(frame []byte) bool {
	if s.dialect.ping == "" || !bytes.Contains(frame, []byte(s.dialect.ping)) {
		return false
	}
	for line := range bytes.Lines(frame) {
		if string(bytes.TrimSuffix(line, []byte("\n"))) == s.dialect.ping {
			return true
		}
	}
	return false
}
