// Package topic holds the judgement of entries: the rules by which a topic
// takes what clients publish, each entry exactly once (rules PUB, KEY and
// CLIENT-4 of spec/protocol.md).
//
// It is a pure step function. A [Sequencer] works in rounds: it judges what has
// come, in order, on a tentative overlay of the log and its rows; the caller
// appends the batch that comes out; and the overlay is kept if that succeeded
// and dropped if not. Only then may the caller tell the verdicts. No clock, no
// store, no lock: whoever owns a Sequencer uses it from one goroutine at a
// time.
package topic
