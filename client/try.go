package client

import (
	"context"
	"errors"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/sse"
	"github.com/tuttisync/tutti/protocol"
)

// tryTime is how long the server has to say something on a road that is tried.
const tryTime = 5 * time.Second

// try sees, beside the transport, whether the server answers on another road.
func (c *Client) try(e core.Try) {
	t := c.transport
	c.running.Go(func() {
		ctx, cancel := context.WithTimeout(t.ctx, tryTime)
		defer cancel()
		err := c.knock(ctx, e.Road, protocol.Append(nil, &protocol.Hello{Token: e.Token}))
		c.options.Logger.Debug("road tried", "road", e.Road, "err", err)
		c.post(func() {
			if c.transport == t {
				c.step(core.Tried{Road: e.Road, OK: err == nil})
			}
		})
	})
}

// knock says hello on a road, and returns nil if the server says anything:
// also an error of the table, which it would say on any road.
func (c *Client) knock(ctx context.Context, road string, hello []byte) error {
	var err error
	switch road {
	case core.RoadWS:
		err = c.knockSocket(ctx, hello)
	case core.RoadSSE:
		err = c.knockStream(ctx, hello)
	default:
		_, err = c.askOnce(ctx, "/v1/poll?wait=0", hello)
	}
	if errors.As(err, new(*answerError)) {
		return nil
	}
	return err
}

func (c *Client) knockStream(ctx context.Context, hello []byte) error {
	stream, err := c.ask(ctx, "/v1/sse", hello, typeStream)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	event, err := sse.NewReader(stream, int(min(c.options.ReadLimit, maxErrorBytes))).Next()
	if err != nil {
		return err
	}
	_, err = decodeFrame(event)
	return err
}
