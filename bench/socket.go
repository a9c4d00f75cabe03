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

// patience is how long an answer may take before the bench gives up.
const patience = 30 * time.Second

// socket is one raw WebSocket connection to a server. One goroutine reads it,
// one writes.
type socket struct {
	conn    net.Conn
	frames  *load.Frames
	dialect dialect
	seq     int // of the latest message that was published
}

// dial opens the connection of client number n, subscribed to topic, and
// returns when the server has said so.
func dial(ctx context.Context, c *child, n int, topic string) (*socket, error) {
	dialer := ws.Dialer{Timeout: patience}
	if c.subprotocol != "" {
		dialer.Protocols = []string{c.subprotocol}
	}
	conn, early, _, err := dialer.Dial(ctx, "ws://"+c.Ready+c.path)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if early == nil {
		early = bufio.NewReaderSize(conn, 4<<10)
	}
	s := &socket{conn: conn, frames: load.NewFrames(early), dialect: c.dialect}
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
		op, payload, err := s.frames.Next()
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
