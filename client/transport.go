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

// transport is one WebSocket, from the dialling on. It tells what happens by
// post, under its number, from goroutines that end after stop.
type transport struct {
	client *Client
	cancel context.CancelFunc

	mu     sync.Mutex // guards what follows
	queue  [][]byte
	unsent int
	ended  bool
	more   chan struct{} // has room for one: there is something new in queue, or ended
}

func (c *Client) openTransport() *transport {
	ctx, cancel := context.WithCancel(c.ctx)
	t := &transport{client: c, cancel: cancel, more: make(chan struct{}, 1)}
	c.running.Go(func() {
		defer cancel()
		err := t.run(ctx)
		c.options.Logger.Debug("connection ended", "err", err)
		code := int(websocket.CloseStatus(err))
		c.post(func() { c.transportStep(t, core.Lost{Code: max(code, 0)}) })
	})
	return t
}

func (t *transport) run(ctx context.Context) error {
	c := t.client
	//nolint:bodyclose // the body belongs to the connection; Dial's doc forbids to close it
	conn, _, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{
		HTTPClient:   c.http,
		HTTPHeader:   c.options.Header,
		Subprotocols: []string{protocol.Version},
	})
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer func() { _ = conn.CloseNow() }()
	if conn.Subprotocol() != protocol.Version {
		return fmt.Errorf("dial: the server does not speak %s", protocol.Version)
	}
	conn.SetReadLimit(c.options.ReadLimit)

	// The end of ctx must not cut the farewell, so reads and writes have their
	// own.
	io, stop := context.WithCancel(context.WithoutCancel(ctx))
	var writer sync.WaitGroup
	defer writer.Wait()
	defer stop()
	writer.Go(func() { t.write(io, ctx, conn) })
	c.post(func() { c.transportStep(t, core.Opened{}) })
	return t.read(ctx, io, conn)
}

// read passes on what the server says, until the connection ends.
func (t *transport) read(ctx, io context.Context, conn *websocket.Conn) error {
	c := t.client
	for {
		if err := c.dispatcher.waitForRoom(ctx); err != nil {
			return err
		}
		kind, frame, err := conn.Read(io)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if kind != websocket.MessageText {
			return protocol.Errorf(protocol.BadFrame, "The server sent a binary frame.")
		}
		messages, err := decodeFrame(frame)
		if err != nil {
			return err
		}
		c.post(func() {
			for _, m := range messages {
				c.transportStep(t, core.Message{Message: m})
			}
		})
	}
}

func decodeFrame(frame []byte) ([]any, error) {
	raw, err := protocol.Split(frame)
	if err != nil {
		return nil, fmt.Errorf("read a frame: %w", err)
	}
	messages := make([]any, 0, len(raw))
	for _, r := range raw {
		m, err := core.DecodeMessage(r)
		if err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// write sends what is queued, and at the end of ctx says goodbye.
func (t *transport) write(io, ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-io.Done():
			return
		case <-ctx.Done():
			cut := time.AfterFunc(farewell, func() { _ = conn.CloseNow() })
			defer cut.Stop()
			_ = conn.Close(websocket.StatusNormalClosure, "")
			return
		case <-t.more:
		}
		frames, ended := t.take()
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

func (t *transport) take() (frames [][]byte, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	frames, t.queue, t.unsent = t.queue, nil, 0
	return frames, t.ended
}

// send queues a frame. It does not block: a connection that takes nothing is
// ended.
func (t *transport) send(frame []byte) {
	t.mu.Lock()
	if t.unsent += len(frame); t.unsent > maxUnsent {
		t.ended, t.queue = true, nil
	} else {
		t.queue = append(t.queue, frame)
	}
	t.mu.Unlock()
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// newHTTP makes the client that dials. It speaks HTTP/1.1 alone, since a
// WebSocket begins with its upgrade.
func newHTTP(o Options) *http.Client {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     o.TLS.Clone(),
		TLSHandshakeTimeout: 10 * time.Second,
	}
	return &http.Client{Transport: t}
}
