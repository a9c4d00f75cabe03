// Package pebble is the embedded store: all logs in one directory, kept by
// cockroachdb/pebble.
//
// # How an append becomes durable
//
// Appends queue in front of one committer. It takes all that waits, judges each
// against the heads as the batch so far leaves them, writes one batch and
// syncs once; then a teller tells followers and those who wait, while the
// committer goes on with the next. So many appends share one fsync.
//
// In pebble a batch can be seen before it is synced. Therefore reads never look
// at the database itself but at a snapshot of it, taken by the committer after
// each sync. Gating reads by a durable offset for each topic was the other way;
// it would not cover rows and terms.
//
// # When the disk fails
//
// After a failed write or sync nobody can say what is on disk. The store then
// answers ErrUnknown to all appends until it is opened anew, and reads go on
// from the last snapshot; guard keeps pebble from ending the process. Before it
// writes, the committer looks at the free space, and answers ErrFull while less
// than the reserve is left or tables cannot be written for want of room.
package pebble
