package client

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// documentReader is told what the server has of a document, in order, from the
// goroutine that owns the core: it does not block, and calls neither the
// application nor the client.
type documentReader interface {
	// started says that the entries above the position that was asked for follow.
	started(protocol.Position)
	// snapshot tells the document as it is at a position, in place of all that was
	// told before.
	snapshot(core.Snapshot)
	entry(*protocol.Entry)
	// failed says that the topic is not open; nothing else is told.
	failed(*protocol.Error)
}

// operation is an operation on its way, and is told what becomes of it as a
// documentReader is told.
type operation interface {
	// words are the offset of the confirmed document that it was made on, and what
	// it says. They are asked for when the core takes the operation, so that the
	// offset is one of the log that the core knows. It reports false if the
	// operation has ended.
	words() (base uint64, data jsontext.Value, ok bool)
	// positional says whether it is amended when one before it goes.
	positional() bool
	// outdated says that the server takes it, and those behind it, only said anew.
	outdated()
	// sent says under which client and seq it was first sent; again if it is sent
	// by a new client.
	sent(client string, seq uint64)
	// doubtful says that the connection ended before an answer came.
	doubtful()
	settled(core.Settled)
}

// openDocument opens a topic as a document of a type, from a position or, if
// from is zero, by a snapshot. It returns a function that leaves it, from any
// goroutine but the owner's.
func (c *Client) openDocument(topic, kind string, r documentReader, from protocol.From) (leave func()) {
	id := c.numbers.Add(1)
	open := c.post(func() {
		c.handlers[id] = &handler{document: r}
		c.step(core.Subscribe{Handler: id, Topic: topic, From: from, Doc: kind})
	})
	if !open {
		r.failed(protocol.Errorf(protocol.Closed, ""))
	}
	return func() {
		c.post(func() {
			delete(c.handlers, id)
			c.step(core.Unsubscribe{Handler: id})
		})
	}
}

// operate queues an operation, which is sent while its topic is open as a
// document. It reports false if the client has ended.
func (c *Client) operate(key uint64, topic string, op operation) bool {
	return c.post(func() {
		base, data, ok := op.words()
		if !ok {
			return
		}
		c.operations[key] = op
		c.step(core.Publish{Key: key, Topic: topic, Base: &base, Positional: op.positional(), Data: data})
	})
}

// takeBack takes operations back if none of them was ever sent, and reports
// whether it did. It is called from any goroutine but the owner's.
func (c *Client) takeBack(all ...*Mutation) bool {
	taken := make(chan bool, 1)
	posted := c.post(func() {
		if slices.ContainsFunc(all, func(m *Mutation) bool { return c.operations[m.key] == nil || m.Status() != MutationPending }) {
			taken <- false
			return
		}
		for _, m := range slices.Backward(all) { // what is in front of one that was sent was sent too
			c.step(core.Abort{Key: m.key})
		}
		taken <- !slices.ContainsFunc(all, func(m *Mutation) bool { return c.operations[m.key] != nil })
	})
	return posted && <-taken
}

// fold lets documents take in what came, at the end of each event of the
// owner's: all that came in one frame is one change. Those that have failed give
// up what was not sent.
func (c *Client) fold() {
	for len(c.failing) > 0 {
		r := c.failing[0]
		c.failing = c.failing[1:]
		r.abandon()
	}
	for _, r := range c.unfolded {
		r.fold()
	}
	clear(c.unfolded)
	c.unfolded = c.unfolded[:0]
}

// endDocuments ends all when the client has ended.
func (c *Client) endDocuments() {
	c.documentsMu.Lock()
	all := c.documents
	c.documents = map[string]*replica{}
	c.documentsMu.Unlock()
	for _, r := range all {
		r.end(DocumentClosed, protocol.Errorf(protocol.Closed, ""))
	}
}

func (c *Client) snapshot(e core.Snapshot) {
	if h := c.handlers[e.Handler]; h != nil {
		h.document.snapshot(e)
	}
}

func (c *Client) outdated(e core.Outdated) {
	if op := c.operations[e.Key]; op != nil {
		op.outdated()
	}
}

func (c *Client) doubtful(e core.Doubtful) {
	if op := c.operations[e.Key]; op != nil {
		op.doubtful()
	}
}
