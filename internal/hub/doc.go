// Package hub joins the pure cores to the world: it holds the topics of this
// node, takes what clients publish through their sequencers into the store, and
// brings what the store has made durable to every reader.
//
// # Reading
//
// A reader is a position, not a queue. A topic's newest entries stand in rings
// of encoded frames, one for each encoding that is read; all rings share one
// budget of bytes. A cursor takes frames from the ring, or from the store when
// it has fallen out of the ring. A cursor that has read all leaves a "wake me"
// mark with its topic; an append takes all marks and hands the connections
// behind them to a small pool of writers. A writer gathers what is new for a
// connection, of all its topics, into one write that does not block. So an idle
// connection costs no queue, no timer and no goroutine here, and memory does
// not grow with slow readers.
//
// What must come from the store is read by a small pool of its own, a page for
// one cursor of a connection at a time, and waits for the writers: readers that
// are behind, however many and however far, hold up nobody who is served from
// the rings. In a namespace with delivery latest they skip to the newest entry
// of each key.
//
// # Writing
//
// A topic has one append in flight. What comes meanwhile waits in its inbox and
// forms the next batch. Verdicts are told when the append has ended.
//
// # Order and concurrency
//
// Everything here is safe for concurrent use. Locks are taken in the order
// connection or stream, topic, documents, document, wheel, and none is held while
// the store, a hook or a transport is called, but those with which a document is
// brought up and encoded once for all. Whoever opens a Hub closes it; Close waits for all
// that it started.
package hub
