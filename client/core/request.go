package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// next returns the handler that a request is due for: the first that waits, or
// else the one furthest behind the place where the subscription stands; or nil.
func (s *subscription) next() *handler {
	var behind *handler
	for _, h := range s.handlers {
		if !h.live {
			return h
		}
		if h.position.Offset < s.at.Offset && (behind == nil || h.position.Offset < behind.position.Offset) {
			behind = h
		}
	}
	return behind
}

// ask makes the request that is due, under id, or returns nil.
func (s *subscription) ask(id func() uint64) *protocol.Subscribe {
	h := s.next()
	if h == nil {
		return nil
	}
	r := &request{id: id(), from: h.start(), fallback: h.fallback, doc: h.doc}
	s.request = r
	return &protocol.Subscribe{ID: r.id, Topic: s.topic, From: r.from, Else: r.fallback, Doc: r.doc}
}

// request sends the request that is due, if it may be sent now.
func (c *Core) request(s *subscription) {
	if !c.ready() || s.request != nil || s.coming != nil || c.now < s.retry {
		return
	}
	if m := s.ask(c.id); m != nil {
		c.send(m)
	}
}

// helloTopics makes the first request of each topic, to be said in hello.
func (c *Core) helloTopics() []protocol.Subscribe {
	var topics []protocol.Subscribe
	for _, s := range c.subscriptions.order {
		if m := s.ask(func() uint64 { return 0 }); m != nil {
			topics = append(topics, *m)
		}
	}
	return topics
}

func (c *Core) subscribed(m *protocol.Subscribed) {
	s := c.subscriptions.byTopic[m.Topic]
	p := protocol.Position{Term: m.Term, Offset: m.Offset}
	switch {
	case s == nil:
		if m.ID == 0 {
			c.send(&protocol.Unsubscribe{ID: c.id(), Topic: m.Topic})
		}
	case s.request != nil && s.request.id == m.ID:
		c.answered(s, m, p)
	case m.ID == 0 && s.granted():
		if s.document && m.Snapshot {
			s.await(nil, m.Recovered)
		} else {
			c.moved(s, p)
		}
	}
	if s != nil {
		c.request(s)
	}
	c.sendTopic(m.Topic)
}

// answered takes the answer to the request.
func (c *Core) answered(s *subscription, m *protocol.Subscribed, p protocol.Position) {
	r := s.request
	s.request, s.failures, s.retry = nil, 0, 0
	s.document = r.doc != ""
	switch asked, ok := r.from.Position(); {
	case s.document && m.Snapshot:
		s.await(r, m.Recovered)
	case s.document && (!ok || !m.Recovered || asked.Offset != p.Offset):
		s.stand(p)
		c.fail(s, protocol.Errorf(protocol.WrongType, "The server knows no documents."), s.asked(r))
	default:
		c.granted(s, r, p, m.Recovered)
	}
}

// stand lets the subscription go on from p.
func (s *subscription) stand(p protocol.Position) {
	if p.Offset > s.newest.Offset {
		s.newest = p
	}
	s.live, s.coming, s.at = true, nil, p
}

// granted lets those go on that a request was for.
func (c *Core) granted(s *subscription, r *request, p protocol.Position, recovered bool) {
	s.stand(p)
	for _, h := range s.handlers {
		switch {
		case !r.isFor(h):
		case !recovered || !h.started:
			c.begin(h, p, recovered)
		default:
			h.live = true
		}
	}
}

// moved takes a move that nobody asked for: entries were lost (rule SUB-6). It
// loses a document nothing, so one is requested anew.
func (c *Core) moved(s *subscription, p protocol.Position) {
	back, instead := s.live && p.Offset < s.at.Offset, s.coming != nil
	if back {
		s.newest = p
	}
	s.stand(p)
	for _, h := range s.handlers {
		overtaken := back || h.position.Offset < p.Offset
		switch {
		case instead, h.doc != "" && overtaken:
			h.live = false
		case h.live && overtaken:
			c.begin(h, p, false)
		}
	}
}

func (c *Core) entry(m *Entry) {
	s := c.subscriptions.byTopic[m.Topic]
	if s == nil || !s.live {
		return
	}
	before := m.Offset - m.Skipped - 1
	if s.at.Offset != before {
		c.shut()
		c.end(nil, endFair)
		return
	}
	s.stand(m.Position())
	var to []uint64
	for _, h := range s.handlers {
		if h.live && before <= h.position.Offset && h.position.Offset < m.Offset {
			h.position = m.Position()
			to = append(to, h.id)
		}
	}
	if to != nil {
		c.emit(Deliver{Handlers: to, Topic: m.Topic, Skipped: m.Skipped, Entry: &m.Entry})
	}
}

// unsubscribed takes the end of a subscription that nobody asked for, or
// hello's answer for a topic that it could not begin.
func (c *Core) unsubscribed(m *protocol.Unsubscribed) {
	s := c.subscriptions.byTopic[m.Topic]
	if m.ID != 0 || s == nil {
		return
	}
	err := m.Error
	if err == nil {
		err = protocol.Errorf(protocol.Internal, "The server ended the subscription.")
	}
	hello := s.request
	if hello != nil && hello.id == 0 {
		s.request = nil
	} else {
		hello = nil
	}
	if hello == nil && !s.granted() {
		return // it answers hello for handlers that have left
	}
	s.pause()
	switch {
	case err.Retryable:
		c.retryRequest(s, err)
	case hello != nil && err.Code == protocol.WrongType:
		c.fail(s, err, s.asked(hello))
		c.request(s)
	default:
		c.fail(s, err, func(*handler) bool { return true })
	}
}

// requestFailed takes an error in answer to a request, and reports whether it
// was one.
func (c *Core) requestFailed(m *protocol.Failure) bool {
	for _, s := range c.subscriptions.order {
		r := s.request
		if r == nil || r.id != m.ID {
			continue
		}
		s.request = nil
		if m.Error.Retryable {
			c.retryRequest(s, m.Error)
			return true
		}
		c.fail(s, m.Error, s.asked(r))
		c.request(s)
		return true
	}
	return false
}

// asked tells those that a request is for: who waits for its answer, or if
// nobody does, who was to be moved back to their position.
func (s *subscription) asked(r *request) func(*handler) bool {
	waiting := slices.ContainsFunc(s.handlers, func(h *handler) bool { return !h.live && r.isFor(h) })
	return func(h *handler) bool { return r.isFor(h) && h.live != waiting }
}

// retryRequest waits before the next request, or for a fresh token.
func (c *Core) retryRequest(s *subscription, err *protocol.Error) {
	if err.Code == protocol.TokenExpired {
		c.expire(err)
		return
	}
	s.failures++
	s.retry = c.now + c.retryAfter(err, s.failures)
	c.subscriptions.retrying++
	c.request(s)
}

// fail ends handlers with an error.
func (c *Core) fail(s *subscription, err *protocol.Error, ended func(*handler) bool) {
	c.drop(s, func(h *handler) bool {
		if ended(h) {
			c.emit(Failed{h.id, err})
			return true
		}
		return false
	})
}
