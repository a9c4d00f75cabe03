package ws

import (
	"errors"
	"fmt"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti/protocol"
)

var errAbandoned = errors.New("ws: the handler did not return")

// Serve reads in the calling goroutine until the connection has ended, and
// calls handle for each whole text message that came before the end began. The
// message is valid, and handle's to change, until handle returns. While handle
// runs nothing else is read: that is the back-pressure. Serve is called once.
//
// An error from handle ends the connection with the close code and the text of
// its *protocol.Error, or of protocol.Internal if it is none or has no close
// code.
//
// The error says why the connection ended, and is never nil: a *CloseError, a
// *ProtocolError (the peer's fault), what handle returned, or the error of the
// read or write that failed.
func (c *Conn) Serve(handle func(message []byte) error) error {
	defer c.finish()
	p := c.rest
	c.rest = nil
	for {
		rest, ok := c.decode(p, handle)
		if !ok {
			return c.linger()
		}
		c.rest = append(c.rest[:0], rest...)
		c.sock.release()
		var err error
		if p, err = c.sock.read(c.rest); err != nil {
			return c.end(fmt.Errorf("read: %w", err))
		}
		c.in.Add(uint64(len(p) - len(c.rest)))
	}
}

// decode acts on what is in p and returns what is left undecoded; false once
// nothing that the peer may still say matters.
func (c *Conn) decode(p []byte, handle func([]byte) error) ([]byte, bool) {
	for {
		n, k, payload, err := c.dec.next(p)
		if err != nil {
			c.refuse(err)
			return nil, false
		}
		if n == 0 {
			return p, true
		}
		p = p[n:]
		switch k {
		case message:
			if c.ending.Load() {
				continue
			}
			if err := handle(payload); err != nil {
				c.giveUp(err)
				return nil, false
			}
		case ping:
			c.pong(payload)
		case pong:
			c.pongs.Add(1)
		case closed:
			c.answerClose(payload)
			return nil, false
		}
	}
}

// refuse ends the connection over what the peer did.
func (c *Conn) refuse(err error) {
	var breach *ProtocolError
	if errors.As(err, &breach) {
		c.shut(breach.Code, breach.Reason, err)
	}
}

// giveUp ends the connection with an error of the handler.
func (c *Conn) giveUp(err error) {
	e := protocol.AsError(err)
	if e.Kind().Close == 0 {
		e = protocol.Errorf(protocol.Internal, "")
	}
	c.shut(e.Kind().Close, e.Error(), err)
}

// answerClose repeats the code of the peer's close frame, which decode found
// valid.
func (c *Conn) answerClose(payload []byte) {
	cause := &CloseError{Code: int(ws.StatusNoStatusRcvd), ByPeer: true}
	if len(payload) > 0 {
		code, reason := ws.ParseCloseFrameData(payload)
		cause.Code, cause.Reason = int(code), reason
	}
	c.mu.Lock()
	c.peerClosed = true
	sent := c.closeSent
	c.mu.Unlock()
	if sent {
		_ = c.conn.Close()
		return
	}
	c.shut(cause.Code, "", cause)
}

// linger reads on, and throws away, until the peer or a timeout closes the
// socket: to close it with bytes unread would reset it, and the peer might lose
// our close frame.
func (c *Conn) linger() error {
	for {
		c.sock.release()
		p, err := c.sock.read(nil)
		if err != nil {
			return c.end(fmt.Errorf("read: %w", err))
		}
		c.in.Add(uint64(len(p)))
	}
}

// end makes err the cause of the end, unless there is one, and returns the
// cause.
func (c *Conn) end(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setCause(err)
	return c.cause
}

// finish leaves nothing behind, even if the handler panics. A closing
// connection first gets to say what it still has to, for as long as its timer
// lets it; the peer may have hung up one way only.
func (c *Conn) finish() {
	_ = c.end(errAbandoned)
	c.sock.release()
	c.mu.Lock()
	timer := c.timer
	c.mu.Unlock()
	if timer != nil {
		c.flushers.Wait()
		timer.Stop()
	}
	_ = c.conn.Close()
	c.flushers.Wait()
}
