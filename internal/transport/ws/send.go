package ws

import (
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

// tail is what the socket would not take at once, with what waits behind it. A
// goroutine writes it batch by batch and ends when nothing is left. All but
// batch is guarded by Conn.mu.
type tail struct {
	batch   [][]byte    // being written; the goroutine's own
	next    [][]byte    // a Send that waits for the end of batch
	done    func(error) // of the one Send that is in batch or next
	pong    []byte      // the frame that answers the latest ping; nil: none waits
	close   []byte      // our close frame; nil: it does not wait
	closing bool        // our close frame is in batch
}

// Send writes whole frames, headers included, without blocking.
//
// True: all bytes are in the kernel. False with a nil error: the socket takes
// no more at present; a goroutine of the connection writes the rest and then
// calls done once, with nil or with why it failed. Until done is called the
// caller must neither change the frames or the slice of them nor Send again:
// that returns [ErrBusy]. Done may Send, but must not wait for Serve to return;
// it may be called before Send has returned.
//
// An error: nothing of this Send may be relied on, and done is not called. But
// for ErrBusy the connection is broken or closing.
func (c *Conn) Send(frames [][]byte, done func(error)) (bool, error) {
	if done == nil {
		panic("ws: Send without done")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch t := c.tail; {
	case c.cause != nil:
		return false, fmt.Errorf("send: %w", c.cause)
	case t == nil:
		return c.write(frames, done)
	case t.done != nil:
		return false, ErrBusy
	default:
		t.next, t.done = frames, done
		return false, nil
	}
}

// pong answers a ping, or remembers to.
func (c *Conn) pong(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch t := c.tail; {
	case c.cause != nil:
	case t != nil:
		t.pong = appendControl(t.pong[:0], ws.OpPong, payload)
	default:
		_, _ = c.write([][]byte{appendControl(nil, ws.OpPong, payload)}, nil)
	}
}

// write writes what it can and leaves the rest to a new tail. c.mu is held, and
// there is no tail.
func (c *Conn) write(frames [][]byte, done func(error)) (bool, error) {
	n, err := c.sock.tryWrite(frames)
	c.out.Add(uint64(n))
	if err != nil {
		err = fmt.Errorf("write: %w", err)
		c.fail(err)
		return false, err
	}
	if n == total(frames) {
		return true, nil
	}
	t := &tail{batch: after(frames, n), done: done}
	c.tail = t
	c.flushers.Go(func() { c.flush(t) })
	return false, nil
}

// flush is the goroutine of a tail.
func (c *Conn) flush(t *tail) {
	for t.batch != nil {
		err := c.writeBatch(t.batch)
		done, closeWritten := c.advance(t, err)
		if done != nil {
			done(err)
		}
		if closeWritten {
			c.leave()
		}
	}
}

func (c *Conn) writeBatch(batch [][]byte) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	n, err := c.sock.write(batch)
	c.out.Add(uint64(n))
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := c.conn.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// advance makes the next batch after one that ended in err. It returns the done
// that is to be called now, if any, and whether the batch held our close frame.
func (c *Conn) advance(t *tail, err error) (done func(error), closeWritten bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fail(err)
		c.tail, t.batch = nil, nil
		return t.done, false
	}
	closeWritten = t.closing
	if len(t.next) == 0 {
		done, t.done = t.done, nil
	}
	t.batch = nil
	if t.pong != nil {
		t.batch = append(t.batch, t.pong)
	}
	t.batch = append(t.batch, t.next...)
	if t.close != nil {
		t.batch = append(t.batch, t.close)
	}
	t.closing = t.close != nil
	t.next, t.pong, t.close = nil, nil, nil
	if t.batch == nil {
		c.tail = nil
	}
	return done, closeWritten
}
