package chaos

import (
	"errors"
	"net/http"
)

// up reads requests until the client's side ends.
func (c *conn) up() {
	defer close(c.exchanges)
	l := newLane(c, Up, c.intake, nil)
	for c.request(l) {
	}
}

// request forwards one request, and says whether another may come.
func (c *conn) request(l *lane) bool {
	head, err := readHead(l, looksHTTP)
	if err != nil && len(head.data) == 0 {
		l.finish(err)
		return false
	}
	req, ok := request{}, false
	if err == nil {
		req, ok = parseRequest(head.data)
	}
	if !ok {
		req = request{road: Other, body: endless{}}
	}
	ex := c.proxy.begin(c, req)
	defer c.proxy.end(ex)
	l.begin(ex)
	if c.strike(ex) || c.refuse(ex) {
		c.proxy.end(ex)
		return false
	}
	if ex.answer = c.ownAnswer(ex); ex.answer == nil {
		if err := c.dial(); err != nil {
			c.proxy.config.Logger.Warn("a request was not forwarded", "error", err)
			ex.answer = page(http.StatusBadGateway, "text/plain; charset=utf-8", "", "tutti chaos: "+err.Error()+"\n")
		}
		l.dst = c.target
	}
	select {
	case c.exchanges <- ex:
	case <-c.done:
		c.proxy.end(ex)
		return false
	}
	if ex.answer != nil {
		c.drain()
		return false
	}
	if err := c.forward(l, ex, head); err != nil {
		if !errors.Is(err, errGone) && !errors.Is(err, errWrite) {
			l.finish(err)
		}
		return false
	}
	return true
}

// forward sends a head and what belongs to it.
func (c *conn) forward(l *lane, ex *exchange, head chunk) error {
	if err := l.send(head, false); err != nil {
		return err
	}
	if ex.http == nil {
		l.ready = true
	}
	if ex.body != nil {
		if err := l.copyBody(ex.body); err != nil {
			return err
		}
	}
	l.ready = true
	if _, err := l.settle(); err != nil {
		return err
	}
	if !ex.upgrade {
		return nil
	}
	select {
	case yes := <-ex.upgraded:
		if yes {
			return l.copyBody(endless{})
		}
		return nil
	case <-c.done:
		return errGone
	}
}

// refuse ends the connection if the plan says so.
func (c *conn) refuse(ex *exchange) bool {
	r := ex.plan.Load().up[refuse]
	if r == nil {
		return false
	}
	c.note(ex, refuse, r)
	c.end(false)
	return true
}

// drain drops what the client still sends, so that an answer in its way is not
// lost to a reset.
func (c *conn) drain() {
	for range c.intake.chunks {
	}
}

// readHead reads up to the end of a head. With an error come the bytes so far;
// errForeign says that they are not what was asked for.
func readHead(l *lane, plausible func([]byte) bool) (chunk, error) {
	var head chunk
	for {
		ch, err := l.receive()
		if err != nil {
			return head, err
		}
		seen := max(0, len(head.data)-3)
		head = chunk{append(head.data, ch.data...), ch.at}
		end := headEnd(head.data[seen:])
		switch {
		case end > 0:
			end += seen
			if rest := head.data[end:]; len(rest) > 0 {
				l.src.back(rest, ch.at)
			}
			if head.data = head.data[:end:end]; !plausible(head.data) {
				return head, errForeign
			}
			return head, nil
		case len(head.data) > maxHead || !plausible(head.data):
			return head, errForeign
		}
	}
}

var errForeign = errors.New("chaos: not HTTP/1.1")
