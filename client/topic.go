package client

import (
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// Entry is one entry of a topic's log. Its Data is shared by all handlers and
// must not be changed.
type Entry struct {
	Topic string
	protocol.Entry

	// Skipped is how many entries just before this one the reader was not
	// given, where the namespace delivers the latest alone to those who are
	// behind.
	Skipped uint64
}

// Decode reads the entry's data into v, as encoding/json does.
func (e Entry) Decode(v any) error { return json.Unmarshal(e.Data, v) }

// Topic is a topic of a client's server. It holds nothing: any number of them
// may stand for one topic.
type Topic struct {
	client *Client
	name   string
}

// Topic returns the topic of that name. A name that is not valid shows when
// the topic is used.
func (c *Client) Topic(name string) *Topic { return &Topic{c, name} }

// Name returns the topic's name.
func (t *Topic) Name() string { return t.name }

// Start is where a handler's entries begin.
type Start struct {
	Position  protocol.Position
	Recovered bool // false: what was asked for, or read up to, is lost
}

// SubscribeOptions say where a subscription starts.
type SubscribeOptions struct {
	From protocol.From // zero: behind the newest entry
	Else string        // where to start when a position is lost: "earliest" (default) or "new"

	// Started, if not nil, is called when it is known where the entries begin,
	// and again, with Recovered false, when the log behind the position was
	// lost and they begin anew.
	Started func(Start)

	// Failed, if not nil, is called when the subscription ends with an error: a
	// *protocol.Error. It is not called by Close.
	Failed func(error)
}

// handler is one subscription of the application's.
type handler struct {
	fn      func(Entry)
	options SubscribeOptions
	gone    atomic.Bool

	document documentReader // in place of the rest, of a document
}

// Subscribe lets fn be called with the topic's entries. It returns a function
// that ends this; then fn is not called again, but for a call that is running.
// Calling it again, or from within fn, is safe.
func (t *Topic) Subscribe(fn func(Entry), options SubscribeOptions) (unsubscribe func()) {
	c, id := t.client, t.client.numbers.Add(1)
	h := &handler{fn: fn, options: options}
	open := c.post(func() {
		c.handlers[id] = h
		c.step(core.Subscribe{Handler: id, Topic: t.name, From: options.From, Else: options.Else})
	})
	if !open && options.Failed != nil {
		options.Failed(protocol.Errorf(protocol.Closed, ""))
	}
	return func() {
		if h.gone.Swap(true) {
			return
		}
		c.post(func() {
			delete(c.handlers, id)
			c.step(core.Unsubscribe{Handler: id})
		})
	}
}

func (c *Client) deliver(e core.Deliver) {
	entry := Entry{Topic: e.Topic, Entry: *e.Entry, Skipped: e.Skipped}
	for _, o := range c.observers.entry.all() {
		c.dispatcher.add(func() { o.call(entry) })
	}
	for _, id := range e.Handlers {
		h := c.handlers[id]
		if h == nil {
			continue
		}
		if h.document != nil {
			h.document.entry(e.Entry)
			continue
		}
		c.dispatcher.add(func() {
			if !h.gone.Load() {
				h.fn(entry)
			}
		})
	}
}

func (c *Client) started(e core.Started) {
	h := c.handlers[e.Handler]
	if h != nil && h.document != nil {
		h.document.started(e.Position)
		return
	}
	if h == nil || h.options.Started == nil {
		return
	}
	c.dispatcher.add(func() {
		if !h.gone.Load() {
			h.options.Started(Start{e.Position, e.Recovered})
		}
	})
}

func (c *Client) failed(e core.Failed) {
	h := c.handlers[e.Handler]
	delete(c.handlers, e.Handler)
	if h != nil && h.document != nil {
		h.document.failed(e.Err)
		return
	}
	if h == nil || h.options.Failed == nil {
		return
	}
	c.dispatcher.add(func() {
		if !h.gone.Swap(true) {
			h.options.Failed(e.Err)
		}
	})
}
