package core

import "github.com/tuttisync/tutti/protocol"

// wishStage is how far a wish is on a connection.
type wishStage uint8

const (
	unsaid wishStage = iota // it is to be said
	said                    // and not answered
	granted
)

// wish is something that a client wants of the server for as long as it lives, over
// all connections.
type wish struct {
	stage    wishStage
	id       uint64 // of the command that is to be answered; 0: it was said in hello, or there is none
	until    int64  // not said before
	refusals int    // in a row
}

// due says whether it is to be said now.
func (w *wish) due(c *Core) bool { return w.stage == unsaid && c.ready() && c.now >= w.until }

// waits is when it is to be said, if time alone must pass.
func (w *wish) waits(c *Core) int64 {
	if w.stage == unsaid && w.until > c.now {
		return w.until
	}
	return Never
}

// say notes that it is said, under an id that is 0 in hello.
func (w *wish) say(id uint64) uint64 {
	w.stage, w.id = said, id
	return id
}

func (w *wish) grant() { w.stage, w.refusals = granted, 0 }

// renew lets it be said at once.
func (w *wish) renew() { w.stage, w.until = unsaid, 0 }

// lost is told when the connection has ended.
func (w *wish) lost() { *w = wish{} }

// refuse takes the server's no. It returns the error if that is final; else it is
// said again, later.
func (w *wish) refuse(c *Core, err *protocol.Error) *protocol.Error {
	if err == nil {
		err = protocol.Errorf(protocol.Internal, "")
	}
	if !err.Retryable {
		return err
	}
	w.stage = unsaid
	if err.Code == protocol.TokenExpired {
		c.expire(err)
		return nil
	}
	w.refusals++
	w.until = c.now + max(min(err.RetryAfter, day), c.backoff(w.refusals))
	return nil
}
