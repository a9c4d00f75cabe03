// Package keep keeps what outlives a client: what it has not settled, what became
// of it when nobody was there to be told, and documents that open without a network
// (rules OUT and COPY of spec/offline.md).
//
// Each client has a directory of its own, dir/scope/client, which it alone uses
// while it lives; the scope stands for the server and the user. One that nobody
// uses is of a dead client: the next one goes on as that which was used last and can
// be read, and takes over what documents and dead letters the others have; what these
// have not sent is sent by clients beside, whose directories are erased when they are
// done and nothing is left there.
//
// A [Keeper] is told what the client's core tells, by the goroutine that owns that,
// and never blocks it. Its other methods are safe for concurrent use. It writes from
// a goroutine of its own, which Close ends.
package keep
