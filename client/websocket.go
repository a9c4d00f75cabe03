package client

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

const (
	// maxUnsent is how many bytes may wait for a connection that takes none.
	// The core's own bounds stay far below it.
	maxUnsent = 64 << 20

	// farewell is how long the end of a connection may take.
	farewell = time.Second
)

// socket is a connection over the road ws.
type socket struct {
	*transport
	client *Client

	mu     sync.Mutex // guards what follows
	queue  [][]byte
	unsent int
	ended  bool
	more   chan struct{} // has room for one: there is something new in queue, or ended
}

func (c *Client) openSocket(t *transport) sender {
	s := &socket{transport: t, client: c, more: make(chan struct{}, 1)}
	c.running.Go(func() {
		err := s.run(t.ctx)
		c.post(func() { c.transportEnded(t, err) })
	})
	return s
}

// dial opens a WebSocket. An error about the handshake is a failure of the
// road: something on the way has spoilt it, as proxies do that know no
// WebSocket.
func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	//nolint:bodyclose // the body belongs to the connection; Dial's doc forbids to close it
	conn, resp, err := websocket.Dial(ctx, c.address+"/v1/ws", &websocket.DialOptions{
		HTTPClient:   c.http,
		HTTPHeader:   c.options.Header,
		Subprotocols: []string{protocol.Version},
	})
	if err != nil {
		if resp != nil && resp.StatusCode >= http.StatusBadRequest && resp.Body != nil {
			return nil, refusal(resp, protocol.BadMessage, protocol.Internal)
		}
		return nil, fmt.Errorf("dial: %w", err)
	}
	if conn.Subprotocol() != protocol.Version {
		_ = conn.CloseNow()
		return nil, fmt.Errorf("dial: the server does not speak %s", protocol.Version)
	}
	conn.SetReadLimit(c.options.ReadLimit)
	return conn, nil
}

func (s *socket) run(ctx context.Context) error {
	c := s.client
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()

	// The end of ctx must not cut the farewell, so reads and writes have their
	// own.
	io, stop := context.WithCancel(context.WithoutCancel(ctx))
	var writer sync.WaitGroup
	defer writer.Wait()
	defer stop()
	writer.Go(func() { s.write(io, ctx, conn) })
	c.post(func() { c.transportStep(s.transport, core.Opened{}) })
	return s.read(ctx, io, conn)
}

// read passes on what the server says, until the connection ends.
func (s *socket) read(ctx, io context.Context, conn *websocket.Conn) error {
	c := s.client
	for {
		if err := c.dispatcher.waitForRoom(ctx); err != nil {
			return err
		}
		messages, err := readFrame(io, conn)
		if err != nil {
			return err
		}
		c.post(func() {
			for _, m := range messages {
				c.transportStep(s.transport, core.Message{Message: m})
			}
		})
	}
}

func readFrame(ctx context.Context, conn *websocket.Conn) ([]any, error) {
	kind, frame, err := conn.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if kind != websocket.MessageText {
		return nil, protocol.Errorf(protocol.BadFrame, "The server sent a binary frame.")
	}
	return decodeFrame(frame)
}

// write sends what is queued, and at the end of ctx says goodbye.
func (s *socket) write(io, ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-io.Done():
			return
		case <-ctx.Done():
			s.leave(io, conn)
			return
		case <-s.more:
		}
		frames, ended := s.take()
		for _, f := range frames {
			if err := conn.Write(io, websocket.MessageText, f); err != nil {
				ended = true
				break
			}
		}
		if ended {
			_ = conn.CloseNow()
			return
		}
	}
}

// leave says what is left to say, and goodbye.
func (s *socket) leave(io context.Context, conn *websocket.Conn) {
	cut := time.AfterFunc(farewell, func() { _ = conn.CloseNow() })
	defer cut.Stop()
	frames, _ := s.take()
	for _, f := range frames {
		if conn.Write(io, websocket.MessageText, f) != nil {
			return
		}
	}
	leave(conn)
}

// leave says goodbye and ends the connection.
func leave(conn *websocket.Conn) {
	cut := time.AfterFunc(farewell, func() { _ = conn.CloseNow() })
	defer cut.Stop()
	_ = conn.Close(websocket.StatusNormalClosure, "")
}

func (s *socket) take() (frames [][]byte, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames, s.queue, s.unsent = s.queue, nil, 0
	return frames, s.ended
}

// send queues a frame. It does not block: a connection that takes nothing is
// ended.
func (s *socket) send(frame []byte) {
	s.mu.Lock()
	if s.unsent += len(frame); s.unsent > maxUnsent {
		s.ended, s.queue = true, nil
	} else {
		s.queue = append(s.queue, frame)
	}
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// knockSocket says hello, waits for the server's first message, and leaves.
func (c *Client) knockSocket(ctx context.Context, hello []byte) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer leave(conn)
	if err := conn.Write(ctx, websocket.MessageText, hello); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err = readFrame(ctx, conn)
	return err
}
