package client

import (
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// Status is the state of a client's connection.
type Status struct {
	State   core.State
	Road    string    // in connecting, live and probing: how the server is reached: "ws", "sse" or "poll"
	Attempt int       // in backoff: the number of the attempt to come
	Until   time.Time // in backoff: when it comes
	Err     error     // in backoff and parked: why, a *protocol.Error, disconnected if the server did not say; or nil
}

// Status returns the current state.
func (c *Client) Status() Status { return *c.status.Load() }

// Online says whether the server is there, as far as is known.
func (c *Client) Online() bool {
	s := c.Status().State
	return s == core.Live || s == core.Probing
}

// OnStatus lets fn be called after each change of the state from now on; the
// first ones may be over, and are only given to [Options.OnStatus]. It returns a
// function that ends this.
func (c *Client) OnStatus(fn func(Status)) (remove func()) {
	return c.observers.status.add(fn)
}

// OnEntry lets fn be called with each entry that any handler is given, before
// the handlers are. It returns a function that ends this.
func (c *Client) OnEntry(fn func(Entry)) (remove func()) {
	return c.observers.entry.add(fn)
}

func (c *Client) tell(e core.Status) {
	if e.State == core.Live {
		c.limit.Store(int64(c.core.MessageBytes()))
		c.id.Store(c.core.Client())
		c.identifyTexts()
	}
	s := Status{State: e.State, Road: e.Road, Attempt: e.Attempt}
	if e.State == core.Backoff {
		s.Until = c.at(e.Until)
	}
	switch {
	case e.Err != nil:
		s.Err = e.Err
	case e.State == core.Backoff && c.lost != nil:
		s.Err = protocol.Errorf(protocol.Disconnected, "%v", c.lost)
	}
	c.lost = nil
	c.status.Store(&s)
	var calls []func()
	for _, o := range c.observers.status.all() {
		calls = append(calls, func() { o.call(s) })
	}
	if s.State == core.Closed {
		c.dispatcher.finish(calls)
		return
	}
	for _, call := range calls {
		c.dispatcher.add(call)
	}
}

type observers struct {
	status observerList[Status]
	entry  observerList[Entry]
}

// observer is one function, until it is removed.
type observer[T any] struct {
	list *observerList[T]
	fn   func(T)
}

func (o *observer[T]) call(v T) {
	if slices.Contains(o.list.all(), o) {
		o.fn(v)
	}
}

// observerList is functions in the order of adding.
type observerList[T any] struct {
	mu   sync.Mutex // guards list, which is replaced and never changed
	list []*observer[T]
}

func (l *observerList[T]) all() []*observer[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}

func (l *observerList[T]) add(fn func(T)) (remove func()) {
	o := &observer[T]{l, fn}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(slices.Clip(l.list), o)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.list = slices.DeleteFunc(slices.Clone(l.list), func(p *observer[T]) bool { return p == o })
	}
}
