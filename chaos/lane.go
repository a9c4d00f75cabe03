package chaos

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

var (
	errGone  = errors.New("chaos: the connection was ended here")
	errWrite = errors.New("chaos: the receiver is gone")
)

// lane is one direction of a connection: what one goroutine takes from src and
// gives to dst, spoiled by the plan of the exchange that the bytes belong to.
//
// A plan may be superseded at any moment. So whatever waits here (for time, for
// a pause to end, for more bytes) waits for that too, and then looks again.
type lane struct {
	conn *conn
	way  Direction
	src  *intake
	dst  net.Conn

	ex    *exchange
	ready bool // the exchange has come so far that a half close may take hold

	held   []byte // by buffer
	shut   bool   // half closed: what comes is dropped
	next   time.Time
	left   int64 // bytes until the cut
	leftOf *ruleState
	chance *rand.Rand
}

func newLane(c *conn, way Direction, src *intake, dst net.Conn) *lane {
	stream := c.serial << 1
	if way == Down {
		stream++
	}
	return &lane{conn: c, way: way, src: src, dst: dst, chance: rand.New(rand.NewPCG(c.proxy.config.Seed, stream))}
}

// begin turns to the next exchange.
func (l *lane) begin(ex *exchange) {
	l.ex, l.ready, l.leftOf = ex, false, nil
}

// receive returns the bytes that come next. It blocks until there are some or
// src has ended, and meanwhile does what new plans say.
func (l *lane) receive() (chunk, error) {
	if ch := l.src.rest; len(ch.data) > 0 {
		l.src.rest = chunk{}
		return ch, nil
	}
	for {
		pl, err := l.settle()
		if err != nil {
			return chunk{}, err
		}
		select {
		case ch, ok := <-l.src.chunks:
			if !ok {
				return chunk{}, l.src.err
			}
			return ch, nil
		case <-pl.superseded:
		case <-l.conn.done:
			return chunk{}, errGone
		}
	}
}

// noPlan is that of a connection before its first request.
var noPlan = newPlan(nil)

func (l *lane) plan() *plan {
	if l.ex == nil {
		return noPlan
	}
	return l.ex.plan.Load()
}

// settle does what the plan says about bytes that are past, and returns it.
func (l *lane) settle() (*plan, error) {
	pl := l.plan()
	do := pl.way(l.way)
	if len(l.held) > 0 && do[buffer] == nil {
		if err := l.release(); err != nil {
			return nil, err
		}
	}
	if r := do[halfClose]; r != nil && l.ready && !l.shut {
		l.conn.note(l.ex, halfClose, r)
		l.shut = true
		closeWrite(l.dst)
	}
	return pl, nil
}

// copyBody passes bytes on up to the end of a body.
func (l *lane) copyBody(body framer) error {
	for {
		ch, err := l.receive()
		if err != nil {
			return err
		}
		n, end := body.take(ch.data)
		if n < len(ch.data) {
			l.src.back(ch.data[n:], ch.at)
		}
		if err := l.send(chunk{ch.data[:n], ch.at}, true); err != nil {
			return err
		}
		if end {
			return l.release()
		}
	}
}

// release sends what was held.
func (l *lane) release() error {
	held := l.held
	l.held = nil
	return l.send(chunk{data: held}, false)
}

// send passes bytes on. What is body may be held.
func (l *lane) send(ch chunk, body bool) error {
	share := -1.0 // of the jitter
	for data := ch.data; len(data) > 0; {
		pl := l.plan()
		do := pl.way(l.way)
		note := func(k kind) { l.conn.note(l.ex, k, do[k]) }
		if do[pause] != nil {
			note(pause)
			if err := l.wait(pl, nil); err != nil {
				return err
			}
			continue
		}
		if r := do[delay]; r != nil && !ch.at.IsZero() {
			note(delay)
			if share < 0 {
				share = l.chance.Float64()
			}
			late := r.Fault.Delay + time.Duration(share*float64(r.Fault.Jitter))
			if again, err := l.until(pl, ch.at.Add(late)); err != nil {
				return err
			} else if again {
				continue
			}
		}
		if do[loseAnswer] != nil {
			note(loseAnswer)
			l.conn.end(false)
			return errGone
		}
		if l.shut {
			return nil
		}
		if body && len(l.held) > 0 && do[buffer] == nil { // lifted since the bytes came
			if err := l.release(); err != nil {
				return err
			}
			continue
		}
		if body && do[buffer] != nil {
			note(buffer)
			l.held = append(l.held, data...)
			if len(l.held) > l.conn.proxy.config.BufferBytes {
				return l.release()
			}
			return nil
		}
		n := len(data)
		if r := do[dribble]; r != nil {
			note(dribble)
			if again, err := l.until(pl, l.next); err != nil {
				return err
			} else if again {
				continue
			}
			n = min(n, r.Fault.Dribble.Bytes)
			l.next = time.Now().Add(r.Fault.Dribble.Every)
		}
		if r := do[cutAfter]; r != nil {
			if l.leftOf != r {
				l.left, l.leftOf = r.Fault.CutAfter, r
			}
			n = int(min(int64(n), l.left))
			l.left -= int64(n)
		}
		if err := l.write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
		if do[cutAfter] != nil && l.left == 0 {
			note(cutAfter)
			l.conn.end(false)
			return errGone
		}
	}
	return nil
}

// write counts first: who has read a byte finds it counted.
func (l *lane) write(data []byte) error {
	l.conn.proxy.passed(l.way, len(data))
	if n, err := l.dst.Write(data); err != nil {
		l.conn.proxy.passed(l.way, n-len(data))
		return errWrite
	}
	return nil
}

// until waits for a moment. again says that the plan is superseded.
func (l *lane) until(pl *plan, moment time.Time) (again bool, err error) {
	d := time.Until(moment)
	if d <= 0 {
		return false, nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	if err := l.wait(pl, timer.C); err != nil {
		return false, err
	}
	select {
	case <-pl.superseded:
		return true, nil
	default:
		return false, nil
	}
}

// wait returns when the plan is superseded or the timer fires.
func (l *lane) wait(pl *plan, timer <-chan time.Time) error {
	select {
	case <-timer:
	case <-pl.superseded:
	case <-l.conn.done:
		return errGone
	}
	return nil
}

// finish passes on how src ended: in order, or with an error. What is held goes
// first; a pause holds the end as well.
func (l *lane) finish(end error) {
	if l.release() != nil {
		l.conn.end(false)
		return
	}
	for pl := l.plan(); pl.way(l.way)[pause] != nil; pl = l.plan() {
		if l.wait(pl, nil) != nil {
			return
		}
	}
	if !errors.Is(end, io.EOF) {
		l.conn.end(true)
		return
	}
	if l.dst != nil {
		closeWrite(l.dst)
	}
}

// closeWrite ends one direction of a connection, or both where it has no other
// way.
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // it is closed already
		return
	}
	_ = c.Close()
}
