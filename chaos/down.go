package chaos

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// down takes the answers, in the order of the requests, until the target's side
// ends or the last answer says that the connection does.
func (c *conn) down() {
	l := newLane(c, Down, nil, c.client)
	queue := c.exchanges
	for {
		var arrived <-chan chunk // none while some wait
		if l.src != nil && len(l.src.rest.data) == 0 {
			arrived = l.src.chunks
		}
		if queue == nil && arrived == nil {
			return
		}
		select {
		case ex, ok := <-queue:
			if !ok {
				queue = nil
				continue
			}
			if l.src == nil {
				l.src = c.answers
			}
			if !c.respond(l, ex) {
				return
			}
		case ch, ok := <-arrived:
			if !ok {
				l.finish(l.src.err)
				return
			}
			l.src.back(ch.data, ch.at)
			if len(queue) == 0 { // nobody asked: a target says why it closes
				c.tell(l)
				return
			}
		case <-c.done:
			return
		}
	}
}

// respond passes one answer on, and says whether another may come.
func (c *conn) respond(l *lane, ex *exchange) bool {
	defer c.proxy.end(ex)
	l.begin(ex)
	err := c.answer(l, ex)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errGone):
	case errors.Is(err, errWrite):
		c.end(false)
	default:
		l.finish(err)
	}
	return false
}

// tell passes on what the target says unasked.
func (c *conn) tell(l *lane) {
	if err := l.copyBody(endless{}); errors.Is(err, errWrite) {
		c.end(false)
	} else {
		l.finish(err)
	}
}

// answer passes one answer on, all of it. io.EOF says that it is the last.
func (c *conn) answer(l *lane, ex *exchange) error {
	if ex.answer != nil {
		if err := l.send(chunk{ex.answer, time.Now()}, false); err != nil {
			return err
		}
		return io.EOF
	}
	if ex.http == nil {
		l.ready = true
		return l.copyBody(endless{})
	}
	for {
		head, err := readHead(l, func(b []byte) bool { return len(b) < 5 || bytes.HasPrefix(b, []byte("HTTP/")) })
		if err != nil && !errors.Is(err, errForeign) {
			return errors.Join(l.send(head, false), err)
		}
		status, body, ok := 0, framer(nil), false
		if err == nil {
			status, body, ok = parseResponse(head.data, ex.http)
		}
		if !ok {
			body = endless{}
		}
		tunnel := status == http.StatusSwitchingProtocols || (ex.method == http.MethodConnect && status/100 == 2)
		if tunnel {
			body = endless{}
		}
		if err := l.send(head, false); err != nil {
			return err
		}
		if ok && status < 200 && !tunnel {
			continue
		}
		if ex.upgrade {
			ex.upgraded <- tunnel
		}
		l.ready = true
		if body == nil {
			return nil
		}
		return l.copyBody(body)
	}
}
