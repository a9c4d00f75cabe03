package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// handler is one reader of a topic.
type handler struct {
	id       uint64
	from     protocol.From
	fallback string // its else: "" (earliest) or "new"
	doc      string // the type of the document that it reads; empty: it reads entries
	position protocol.Position
	started  bool // it has a position
	live     bool // its entries come on this connection
}

// start is where the handler's entries are to begin.
func (h *handler) start() protocol.From {
	if h.started {
		return protocol.FromPosition(h.position)
	}
	return h.from
}

// request is an unanswered wish to begin somewhere.
type request struct {
	id       uint64 // 0: said in hello
	from     protocol.From
	fallback string
	doc      string
}

func (r *request) isFor(h *handler) bool {
	return h.start() == r.from && h.fallback == r.fallback && h.doc == r.doc
}

// subscription is what all handlers of a topic share (rule CONN-10).
//
// The server knows one place per topic and connection, from which entries
// flow; a request moves it. A handler is given just the entry behind its own
// position, so it passes over what it has seen when another handler has moved
// the subscription back, and waits for a request from its own position when
// one, or a document's snapshot, has moved it ahead.
type subscription struct {
	topic    string
	handlers []*handler // in the order of joining
	live     bool       // entries flow
	document bool       // the latest answered request was for a document
	coming   *coming    // the snapshot that was announced; nil: none
	at       protocol.Position
	newest   protocol.Position // furthest place reached on this connection
	request  *request
	retry    int64 // no request before
	failures int   // of requests, in a row
}

// subscriptions is those of all topics that have handlers, in the order in
// which the topics were subscribed.
type subscriptions struct {
	byTopic   map[string]*subscription
	byHandler map[uint64]*subscription
	order     []*subscription
	retrying  int // of them, at most, that wait for their retry
}

func newSubscriptions() subscriptions {
	return subscriptions{byTopic: map[string]*subscription{}, byHandler: map[uint64]*subscription{}}
}

func (b *subscriptions) remove(s *subscription) {
	delete(b.byTopic, s.topic)
	b.order = slices.DeleteFunc(b.order, func(o *subscription) bool { return o == s })
}

func (b *subscriptions) detach() {
	for _, s := range b.order {
		s.pause()
		s.request, s.retry, s.failures = nil, 0, 0
	}
	b.retrying = 0
}

// granted says whether the server has a subscription on this connection.
func (s *subscription) granted() bool { return s.live || s.coming != nil }

// pause lets all handlers wait to be told where they go on.
func (s *subscription) pause() {
	s.live, s.coming, s.newest = false, nil, protocol.Position{}
	for _, h := range s.handlers {
		h.live = false
	}
}

func (b *subscriptions) wish(c *Core) int64 {
	at := Never
	if b.retrying == 0 || !c.ready() {
		return at
	}
	for _, s := range b.order {
		if s.retry > c.now && s.request == nil {
			at = min(at, s.retry)
		}
	}
	return at
}

func (in Subscribe) apply(c *Core) {
	if in.Else == "earliest" {
		in.Else = ""
	}
	if err := c.checkSubscribe(in); err != nil {
		c.emit(Failed{in.Handler, protocol.AsError(err)})
		return
	}
	b := &c.subscriptions
	s := b.byTopic[in.Topic]
	if s == nil {
		s = &subscription{topic: in.Topic}
		b.byTopic[in.Topic] = s
		b.order = append(b.order, s)
	}
	h := &handler{id: in.Handler, from: in.From, fallback: in.Else, doc: in.Doc}
	if h.doc != "" {
		h.fallback = ""
	}
	s.handlers = append(s.handlers, h)
	b.byHandler[h.id] = s
	if s.live && in.From.IsZero() && in.Doc == "" {
		c.begin(h, s.newest, true)
		return
	}
	c.request(s)
}

func (c *Core) checkSubscribe(in Subscribe) error {
	if c.connection.state == Closed {
		return protocol.Errorf(protocol.Closed, "")
	}
	if in.Else != "" && in.Else != "new" {
		return protocol.Errorf(protocol.BadMessage, `else is "earliest" or "new".`)
	}
	if p, ok := in.From.Position(); ok {
		if _, err := protocol.ParsePosition(p.String()); err != nil {
			return err
		}
	}
	if _, ok := in.From.Position(); in.Doc != "" && !ok && !in.From.IsZero() {
		return protocol.Errorf(protocol.BadMessage, "A document is opened from a position or from nothing.")
	}
	return protocol.CheckTopic(in.Topic)
}

// begin lets a handler's entries begin behind p.
func (c *Core) begin(h *handler, p protocol.Position, recovered bool) {
	h.started, h.live, h.position = true, true, p
	c.emit(Started{Handler: h.id, Position: p, Recovered: recovered})
}

func (in Unsubscribe) apply(c *Core) {
	s := c.subscriptions.byHandler[in.Handler]
	if s == nil {
		return
	}
	c.drop(s, func(h *handler) bool { return h.id == in.Handler })
	c.renewIfAnswered()
}

// drop takes handlers away, and with the last one the subscription.
func (c *Core) drop(s *subscription, gone func(*handler) bool) {
	s.handlers = slices.DeleteFunc(s.handlers, func(h *handler) bool {
		if gone(h) {
			delete(c.subscriptions.byHandler, h.id)
			return true
		}
		return false
	})
	if len(s.handlers) > 0 {
		return
	}
	c.subscriptions.remove(s)
	if c.online() && (s.granted() || s.request != nil && s.request.id != 0) {
		c.send(&protocol.Unsubscribe{ID: c.id(), Topic: s.topic})
	}
}
