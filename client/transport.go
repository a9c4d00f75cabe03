package client

import (
	"context"
	"errors"
	"net/url"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// transport is one connection over one road, from the opening on. Its
// goroutines tell what happens by post and end after cancel.
type transport struct {
	road   string
	ctx    context.Context
	cancel context.CancelFunc
	sender sender
}

// sender takes frames of the core's, from the owner, without blocking.
type sender interface{ send(frame []byte) }

func (c *Client) openTransport(road string) {
	ctx, cancel := context.WithCancel(c.ctx)
	t := &transport{road: road, ctx: ctx, cancel: cancel}
	c.transport = t
	if road == core.RoadWS {
		t.sender = c.openSocket(t)
		return
	}
	t.sender = c.openRequests(t)
}

// transportStep is step for what a transport says; what a former one still
// says is passed over.
func (c *Client) transportStep(t *transport, in core.Input) {
	if c.transport != t {
		return
	}
	if _, lost := in.(core.Lost); lost {
		c.endTransport()
	}
	c.step(in)
}

func (c *Client) endTransport() {
	c.transport.cancel()
	c.transport = nil
}

// cause leaves out what net/http tells around the reason of a failure: the
// method and the address.
func cause(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// transportEnded tells the core why a transport ended. An error of the table
// that the server answered in place of a connection is its last word.
func (c *Client) transportEnded(t *transport, err error) {
	if c.transport != t {
		return
	}
	c.options.Logger.Debug("connection ended", "road", t.road, "err", err)
	if said := (*answerError)(nil); errors.As(err, &said) {
		c.transportStep(t, core.Message{Message: &protocol.Close{Error: said.err}})
		return
	}
	c.lost = cause(err)
	c.transportStep(t, core.Lost{Code: max(0, int(websocket.CloseStatus(err)))})
}
