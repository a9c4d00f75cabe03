package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// patience is how long an answer may take before the bench gives up.
const patience = 30 * time.Second

// socket is one raw WebSocket connection to a server. One goroutine reads it,
// one writes.
type socket struct {
	conn    net.Conn
	in      *bufio.Reader
	dialect dialect
	long    []byte // a frame longer than the buffer of in
	seq     int    // of the latest message that was published
}

// dial opens the connection of client number n, subscribed to topic, and
// returns when the server has said so.
func dial(ctx context.Context, c *child, n int, topic string) (*socket, error) {
	dialer := ws.Dialer{Timeout: patience}
	if c.subprotocol != "" {
		dialer.Protocols = []string{c.subprotocol}
	}
	conn, early, _, err := dialer.Dial(ctx, "ws://"+c.addr+c.path)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	s := &socket{conn: conn, in: early, dialect: c.dialect}
	if s.in == nil {
		s.in = bufio.NewReaderSize(conn, 4<<10)
	}
	if err := s.greet(n, topic); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("greet: %w", err)
	}
	return s, nil
}

func (s *socket) greet(n int, topic string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	frame, answer := s.dialect.hello(n, topic)
	if err := s.say(frame); err != nil {
		return err
	}
	if err := s.await(answer); err != nil {
		return err
	}
	return s.conn.SetReadDeadline(time.Time{})
}

func (s *socket) say(text string) error { return wsutil.WriteClientText(s.conn, []byte(text)) }

// next reads one data frame, which is valid until the next call, and answers
// the server's pings.
func (s *socket) next() ([]byte, error) {
	for {
		op, payload, err := s.frame()
		switch {
		case err != nil:
			return nil, err
		case op == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return nil, fmt.Errorf("the server closed: %d %s", code, reason)
		case op == ws.OpPing:
			err = wsutil.WriteClientMessage(s.conn, ws.OpPong, payload)
		case op == ws.OpText && s.asksForLife(payload):
			return payload, s.say(s.dialect.pong)
		case op == ws.OpText:
			return payload, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// asksForLife says whether one of the messages of a frame, of which some
// servers put several on lines of one, is a ping.
func (s *socket) asksForLife(frame []byte) bool {
	if !bytes.Contains(frame, []byte(s.dialect.ping)) {
		return false
	}
	for line := range bytes.Lines(frame) {
		if string(bytes.TrimSuffix(line, []byte("\n"))) == s.dialect.ping {
			return true
		}
	}
	return false
}

// frame reads one frame without copying it, unless it is longer than the
// buffer. Servers mask nothing, and these fragment nothing and compress nothing.
func (s *socket) frame() (ws.OpCode, []byte, error) {
	head, err := s.in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("a frame that begins with % x", head)
	}
	op, size, n := ws.OpCode(head[0]&0x0f), 2, int(head[1]&0x7f)
	switch n {
	case 126:
		if head, err = s.in.Peek(4); err != nil {
			return 0, nil, err
		}
		size, n = 4, int(binary.BigEndian.Uint16(head[2:]))
	case 127:
		if head, err = s.in.Peek(10); err != nil {
			return 0, nil, err
		}
		size, n = 10, int(binary.BigEndian.Uint64(head[2:]))
	}
	if n < 0 || n > maxLine {
		return 0, nil, fmt.Errorf("a frame of %d bytes", uint(n))
	}
	if size+n <= s.in.Size() {
		whole, err := s.in.Peek(size + n)
		if err != nil {
			return 0, nil, err
		}
		_, err = s.in.Discard(size + n)
		return op, whole[size:], err
	}
	if _, err := s.in.Discard(size); err != nil {
		return 0, nil, err
	}
	if cap(s.long) < n {
		s.long = make([]byte, n)
	}
	s.long = s.long[:n]
	_, err = io.ReadFull(s.in, s.long)
	return op, s.long, err
}

// await reads until a frame holds text. An error of the server ends it.
func (s *socket) await(text string) error {
	for {
		frame, err := s.next()
		if err != nil {
			return err
		}
		if bytes.Contains(frame, []byte(text)) {
			return nil
		}
		if bytes.Contains(frame, []byte(`"error":{`)) {
			return fmt.Errorf("the server said %s", frame)
		}
	}
}

// publish publishes and waits for the acknowledgement.
func (s *socket) publish(topic string, data []byte) error {
	s.seq++
	if err := s.say(s.dialect.publish(s.seq, topic, data)); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := s.await(s.dialect.acked); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}
