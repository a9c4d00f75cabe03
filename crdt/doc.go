// Package crdt has types that replicas change on their own, offline too, and
// that merge without a server: the same as @tutti/crdt in TypeScript, by the
// rules of spec/crdt.md.
//
//   - [GCounter] only grows, [PNCounter] goes up and down.
//   - [LWWRegister] is a value of which the last write wins, [LWWMap] one for
//     each key.
//   - [MVRegister] is a value that keeps all that was written concurrently.
//   - [ORSet] is a set of which an addition wins over a concurrent removal.
//
// An operation changes this replica and returns a delta: a payload of what it
// changed, as JSON. Payload returns the whole state. ApplyPayload joins either,
// and Merge another instance. Replicas that got the same changes, as deltas or
// whole, in any order, any number of times, have equal states. So payloads can
// go through a topic, a file or a QR code, get lost and come twice; a whole
// payload makes good for all that were lost.
//
// What another replica sends is checked: a payload that is damaged, too large or
// from too far in the future is an [*Error], and has changed nothing. What cannot
// be checked is whether it is honest: a replica can raise a counter as it likes.
//
// # Replica ids
//
// Each instance has a random replica id of its own, and no two that live may
// ever have the same. A state that was stored is applied to a new instance, or
// goes on under its id by Resume, where a lock makes sure that nobody else has
// it: see package file. If an id lived twice all the same, as after a backup was
// restored, joining what the other did is the error replica_reused. Call Renew
// and join again; nothing is lost.
//
// # Values
//
// Registers, maps and sets hold JSON. A T is written as
// github.com/go-json-experiment/json (the coming encoding/json/v2) writes it, and
// stored in canonical form (RFC 8785). Numbers are doubles within ±(2^53−1);
// values nest at most 64 deep. T may be any, or jsontext.Value for JSON as it is.
// What others wrote is joined whatever it is, and looked at when it is read: a
// stored value that does not fit T is the error bad_value.
//
// # Concurrency
//
// An instance is not safe for concurrent use. Nothing here blocks, starts a
// goroutine or keeps what it was given; the caller owns what is returned.
package crdt
