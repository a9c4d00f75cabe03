// Package presence is who is in a topic: a state machine that holds no clock, no
// timer and no goroutine (rules PRES of spec/presence.md).
//
// A [Room] keeps the leases of one topic's members. A lease is held by whoever
// entered the client last, or runs out. What changes gets a version; a watcher is
// a version, and [Room.Since] says what has changed from it on.
//
// Several nodes may share a room. Each is the only one to write its own leases,
// and tells them to the others as a [Delta]; a room is the merge of all of them, a
// state-based CRDT as in Almeida, Shoker and Baquero, "Delta State Replicated Data
// Types" (2018), where each node's part is a register that it alone writes. Of one
// client that several nodes hold the highest run counts.
package presence
