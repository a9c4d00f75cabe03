package ws

import (
	"time"

	"github.com/gobwas/ws"
)

// Close begins the end of the connection: a close frame with code and reason
// goes out, after a stalled write if there is one, the sending half of the
// socket is closed, and Serve returns once the peer has answered or hung up, or
// after Config.CloseTimeout. No message is handled and no Send accepted from
// now on. Only the first cause of an end counts: later calls do nothing.
//
// Close does not block. A code that may not be sent counts as 1011, and a
// reason longer than 123 bytes is cut.
func (c *Conn) Close(code int, reason string) {
	if !validCode(code) {
		code = int(ws.StatusInternalServerError)
	}
	reason = cropReason(reason)
	c.shut(code, reason, &CloseError{Code: code, Reason: reason})
}

// shut begins the end, unless it has begun, for the reason that Serve is to
// return.
func (c *Conn) shut(code int, reason string, cause error) {
	c.mu.Lock()
	if c.cause != nil {
		c.mu.Unlock()
		return
	}
	c.setCause(cause)
	c.timer = time.AfterFunc(c.closeTimeout, func() { abort(c.conn) })
	frame := appendClose(nil, code, reason)
	written := false
	if c.tail != nil {
		c.tail.close = frame
	} else {
		written, _ = c.write([][]byte{frame}, nil)
		if c.tail != nil {
			c.tail.closing = true
		}
	}
	c.mu.Unlock()
	if written {
		c.leave()
	}
}

// leave is called once our close frame is in the kernel. If the peer's was read
// all is said; otherwise it may still come.
func (c *Conn) leave() {
	c.mu.Lock()
	c.closeSent = true
	all := c.peerClosed
	c.mu.Unlock()
	if all {
		_ = c.conn.Close()
	} else {
		halfClose(c.conn)
	}
}

// setCause makes err the cause of the end, unless there is one. c.mu is held.
func (c *Conn) setCause(err error) {
	if c.cause == nil {
		c.cause = err
		c.ending.Store(true)
	}
}

// fail ends the connection at once, over a write that failed. c.mu is held.
func (c *Conn) fail(err error) {
	c.setCause(err)
	abort(c.conn)
}
