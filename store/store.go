// Package store is the contract between tutti and whatever keeps its logs.
//
// A store holds one log per topic. A log is a sequence of entries at offsets
// 1, 2, 3, … and, beside it, small rows: what the server must remember about
// the clients that wrote to the topic. Entries and rows are opaque bytes here.
//
// # What a backend promises
//
//   - Append is atomic and linearizable per topic: a batch (entries and rows)
//     is there whole or not at all, and lands only at the offset that its
//     writer expected.
//   - When Append returns nil the batch survives a crash. Nothing else is
//     promised: a batch whose Append has not returned may or may not survive.
//   - Head, Read, Row, Terms, Topics and Follow never show a batch that a crash
//     could still take back. They stop at the durable head.
//   - Offsets are never used twice within one term.
//   - Follow tells batches of one topic in offset order, each exactly once, and
//     only after they are durable.
//
// A backend is safe for concurrent use. Whoever opens it closes it; calls
// after Close return ErrClosed.
//
// # Terms
//
// A term names one run of one store: a random string chosen when the store is
// opened. The first append that a run makes to a topic records the term with
// the offset it wrote. A reader that kept (term, offset) can therefore tell a
// log that went on from one that was lost, restored or rolled back and then
// written differently.
//
// Package [github.com/tuttisync/tutti/store/storetest] is this contract as
// tests; every backend passes all of it.
package store

import (
	"context"
	"errors"
)

// What Append ends in, apart from nil. A caller branches on these with
// errors.Is; a backend wraps them with the cause.
var (
	// ErrConflict: the log's head is not Batch.After. Nothing was written.
	ErrConflict = errors.New("store: the log has moved on")
	// ErrFull: there is no room. Nothing was written.
	ErrFull = errors.New("store: no space left")
	// ErrUnknown: whether the batch was written cannot be told. Until the store
	// is reopened it takes no writes and keeps answering ErrUnknown to Append;
	// reads go on, up to the durable head.
	ErrUnknown = errors.New("store: outcome unknown")
	// ErrMissing: the log has no entry at the offset, or not any more.
	ErrMissing = errors.New("store: no such entry")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
)

// Limits of the contract. A call beyond them is an error, not a truncation.
const (
	MaxTopicBytes    = 255
	MaxRowKey        = 128
	MaxBatchBytes    = 64 << 20 // of entries, row keys and row values together
	MaxBatchItems    = 1 << 20  // entries and rows of one batch together
	MaxSnapshotBytes = 256 << 20
)

// EndedTerms is how many of the terms that ended before First-1 a log knows at
// least: so a reader of a document that was away for long is not told that its log
// was lost.
const EndedTerms = 64

// Batch is one atomic append.
type Batch struct {
	// After is the offset of the entry that the batch follows: the head as the
	// writer knows it, 0 for an empty log.
	After uint64
	// Entries get the offsets After+1, After+2, …. It may be empty: then the
	// batch changes rows only, and the head stays where it is. The store does
	// not keep the slices.
	Entries [][]byte
	// Rows are set, in order. The store does not keep the slices.
	Rows []Row
}

// Row is a small value kept beside a topic's log. Keys are 1 to MaxRowKey bytes.
type Row struct {
	Key   string
	Value []byte // nil deletes the row
}

// Entry is one stored entry.
type Entry struct {
	Offset uint64
	Data   []byte // the caller owns it
}

// Head tells where a log stands, as far as it is durable.
type Head struct {
	First uint64 // lowest offset that can be read; Last+1 when there is none
	Last  uint64 // offset of the newest durable entry ever written, 0 in a log that never had one
	Term  string // the term that wrote Last, "" in a log that never had one
}

// TermStart says that Term wrote the entries from Offset up to the next
// TermStart's offset.
type TermStart struct {
	Term   string
	Offset uint64
}

// Snapshot is a fold of a topic's entries 1…Offset, as bytes of the caller's
// making.
type Snapshot struct {
	Offset uint64
	Data   []byte
}

// Appended tells a follower of one durable batch. Its Entries are valid only
// until the follower returns: they may be the writer's own, who is free to use
// them anew.
type Appended struct {
	Topic   string
	First   uint64   // offset of Entries[0]
	Entries [][]byte // shared between followers: read only, and not kept
}

// Log is a store of logs, one per topic. See the package documentation for
// what it promises.
type Log interface {
	// Term is the term of this run: 11 characters of base64url (64 random
	// bits), chosen at opening.
	Term() string

	// Append writes a batch and returns when it is durable. It ends in nil,
	// ErrConflict, ErrFull, ErrUnknown, ErrClosed or, before anything was
	// queued, the context's error or that of a batch beyond the limits. Once
	// queued, the outcome is always told.
	Append(ctx context.Context, topic string, b Batch) error

	// Read returns durable entries with offsets above after, in order: at most
	// limit (≥ 1) entries, and no more than maxBytes of data, but at least one
	// entry if there is one. Truncated offsets are passed over.
	Read(ctx context.Context, topic string, after uint64, limit, maxBytes int) ([]Entry, error)

	// Head returns where the log stands. A topic never written to has the zero
	// Last and First 1.
	Head(ctx context.Context, topic string) (Head, error)

	// Terms returns the terms of the log, oldest first. Those that ended before
	// First-1 may be left out, but for the latest EndedTerms.
	Terms(ctx context.Context, topic string) ([]TermStart, error)

	// Row returns the value of a row, or nil if there is none.
	Row(ctx context.Context, topic, key string) ([]byte, error)

	// Rows returns up to limit (≥ 1) rows with keys above after, in the order
	// of their bytes.
	Rows(ctx context.Context, topic, after string, limit int) ([]Row, error)

	// Truncate forgets entries with offsets below before; offsets of what
	// remains do not change. A before past the head empties the log: Last
	// stays as it was. It never brings entries back. It is durable when it
	// returns.
	Truncate(ctx context.Context, topic string, before uint64) error

	// Redact puts data in place of the entry at offset: from when it returns,
	// nobody reads what was there before, and a crash does not bring it back.
	// Neither the head, nor terms, rows or other entries change, and followers
	// are not told. It ends as Append does, but in ErrMissing where that ends in
	// ErrConflict, and a full disk does not hinder it. It may wait for appends
	// that are under way. The store does not keep data.
	Redact(ctx context.Context, topic string, offset uint64, data []byte) error

	// PutSnapshot keeps a snapshot in place of the topic's older one. A
	// snapshot older than the one kept is ignored. One whose Offset is 0 or
	// past the durable head is an error. When there is no room it ends in
	// ErrFull.
	PutSnapshot(ctx context.Context, topic string, s Snapshot) error

	// Snapshot returns the newest snapshot with an offset of at most maxOffset
	// (0: of any offset); the zero Snapshot if there is none.
	Snapshot(ctx context.Context, topic string, maxOffset uint64) (Snapshot, error)

	// Topics returns up to limit (≥ 1) names of topics that have ever been
	// written to, that start with prefix and are above after, in the order of
	// their bytes.
	Topics(ctx context.Context, prefix, after string, limit int) ([]string, error)

	// Shards is how many shards the topics are spread over: at least 1, and
	// the same for one opened store.
	Shards() int

	// Follow calls fn with each batch with entries of the shard's topics that
	// becomes durable after Follow was called, until stop is called. Batches
	// of one topic come in order. fn must be quick and must not call the store.
	// stop waits for a running fn and may be called twice.
	Follow(shard int, fn func(Appended)) (stop func(), err error)

	// Close waits for queued appends, releases the store, and is idempotent.
	Close() error
}
