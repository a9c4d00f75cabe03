// Package sim runs the whole system from one seed: the real hub, sessions and
// sequencers, the real cores of Go clients, on a clock, links and a store that
// the seed drives. Links delay, stall and are cut, seen by either side soon,
// late or never; appends fail, with or without having been written; the server
// is killed between any two of its tasks and started again, sometimes on an
// older copy of its data.
//
// In a world of [RunText] the clients write one text, as package client lets them:
// they pipeline, undo, stay away, are rejected and told to say anew what they mean.
// What they show is held against the naive engine (package naive), and against what
// they meant.
//
// In a world of [RunPresence] clients watch who is in a topic, come, go and die. In the
// end all see who is there. At no time does a user join or leave twice, or leave since
// the server was killed, and the server shows nobody who died for longer than it may.
//
// Everything happens on one goroutine: the hub's tasks wait in a queue from
// which the seed draws. When a run has ended the network heals, and then every
// handler must have seen exactly the log, in order, once, every promise must be
// settled, and nothing that was acknowledged may be missing.
package sim
