package client

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// DocumentStatus is how far a document is.
type DocumentStatus string

// The states of a document. The last two are final.
const (
	DocumentOpening DocumentStatus = "opening" // nothing is shown of it yet but the own mutations
	DocumentOpen    DocumentStatus = "open"    // it is shown, and follows its log whenever there is a connection
	DocumentFailed  DocumentStatus = "failed"  // it ended with an error
	DocumentClosed  DocumentStatus = "closed"  // it was closed, or the client was
)

// DocumentOptions say how a handle works.
type DocumentOptions struct {
	// Timeout is after how long a mutation is unconfirmed if no answer came. It
	// goes on. 0: only when the connection ends.
	Timeout time.Duration

	// Offline says that the document is kept, where the client has a directory: it
	// shows what was confirmed and what is pending before there is a connection.
	Offline bool
}

// Document is what Counter, Set, Records and Text have in common. All handles on one
// topic of a client show the same document; each is closed for itself, and the
// last one closes the document when nothing is pending any more.
//
// Reads never wait for the network. The functions that are given to it are
// called as handlers are: one at a time, in order, from the client's goroutine.
type Document struct {
	replica *replica
	cells   *cells // nil: it is a text
	options DocumentOptions

	mu     sync.Mutex
	stops  []*stop
	closed bool
}

type stop struct{ fn func() }

// Topic returns the document's topic.
func (d *Document) Topic() string { return d.replica.topic }

// Status returns how far the document is.
func (d *Document) Status() DocumentStatus {
	if d.isClosed() {
		return DocumentClosed
	}
	d.replica.mu.Lock()
	defer d.replica.mu.Unlock()
	return d.replica.status
}

// Ready waits until the document is shown. It fails if the document has ended,
// with a [*protocol.Error], or when ctx is done.
func (d *Document) Ready(ctx context.Context) error {
	select {
	case <-d.replica.begun:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch s := d.Status(); s {
	case DocumentOpen:
		return nil
	case DocumentFailed:
		d.replica.mu.Lock()
		defer d.replica.mu.Unlock()
		return d.replica.err
	default:
		return protocol.Errorf(protocol.Closed, "")
	}
}

// Subscribe lets fn be called once for each change of what is shown, with the
// keys at which something else is shown than before: of a counter "", of a set
// the canonical JSON of elements, of records their keys, of a text "". It returns
// a function that ends this.
func (d *Document) Subscribe(fn func(keys []string)) (unsubscribe func()) {
	return d.follow(d.replica.changed.add(fn))
}

// OnStatus lets fn be called after each change of the status. It returns a
// function that ends this.
func (d *Document) OnStatus(fn func(DocumentStatus)) (remove func()) {
	return d.follow(d.replica.moved.add(fn))
}

// OnMutation lets fn be called with each mutation of the document when it is
// made, through any handle, and when its status has changed. It returns a
// function that ends this.
func (d *Document) OnMutation(fn func(*Mutation)) (remove func()) {
	return d.follow(d.replica.mutated.add(fn))
}

// OnError lets fn be called with what went wrong and no mutation tells: the
// document ended, or something in it cannot be read. Without any it goes to the
// client's Logger. It returns a function that ends this.
func (d *Document) OnError(fn func(error)) (remove func()) {
	return d.follow(d.replica.faults.add(fn))
}

// Pending returns the mutations of a key that are not settled, in order.
func (d *Document) Pending(key string) []*Mutation {
	d.replica.mu.Lock()
	defer d.replica.mu.Unlock()
	var all []*Mutation
	for _, k := range d.replica.content.pendingOn(key) {
		all = append(all, d.replica.mutations[k])
	}
	return all
}

// Close ends the handle, with all functions that were given to it. What is
// pending goes on.
func (d *Document) Close() {
	d.mu.Lock()
	stops, closed := d.stops, d.closed
	d.stops, d.closed = nil, true
	d.mu.Unlock()
	if closed {
		return
	}
	for _, s := range slices.Backward(stops) {
		s.fn()
	}
	d.replica.part()
}

func (d *Document) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// follow makes fn be called when the handle ends, or before that once, by what
// it returns.
func (d *Document) follow(fn func()) (end func()) {
	s := &stop{fn}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		fn()
		return func() {}
	}
	d.stops = append(d.stops, s)
	return func() {
		d.mu.Lock()
		i := slices.Index(d.stops, s)
		if i >= 0 {
			d.stops = slices.Delete(d.stops, i, i+1)
		}
		d.mu.Unlock()
		if i >= 0 {
			fn()
		}
	}
}

func (d *Document) mutate(operation any, err error, made func(*Mutation, []doc.Replacement)) (*Mutation, []doc.Replacement) {
	if d.isClosed() {
		err = protocol.Errorf(protocol.Closed, "")
	}
	return d.cells.mutate(operation, err, d.options.Timeout, made)
}

// get returns what is shown at a key, and what the confirmed document has.
func (d *Document) get(key string) (shown, confirmed doc.Cell) {
	d.replica.mu.Lock()
	defer d.replica.mu.Unlock()
	return d.cells.state.Get(key), d.cells.state.Confirmed(key)
}
