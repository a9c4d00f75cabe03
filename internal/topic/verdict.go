package topic

import (
	"crypto/sha256"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// Draft is what an entry is to say, before it has a place in the log.
type Draft struct {
	Name  string
	Label string // the entry's key
	Data  []byte
}

// Command asks a topic to take one entry, or several together. Its shape, its
// client's proof and its limits have been judged before.
type Command struct {
	// Client, Run, Born and Seq say whose entry it is; Client is empty for one
	// from HTTP or the embedding program.
	Client string
	Run    uint64
	Born   time.Time
	Seq    uint64
	Voids  []protocol.Range

	// Key is the row key of an Idempotency-Key (see [KeyKey]), or empty; Body
	// tells bodies apart.
	Key  string
	Body [sha256.Size]byte

	// Denied is why the entry may not be taken, by rights or by a hook, unless
	// it is a repeat. A retryable error refuses it, another rejects it.
	Denied *protocol.Error

	Name   string
	Label  string // the entry's key
	Author *protocol.Author
	Base   *uint64 // of an operation; nil: the newest entry
	Data   []byte
	More   []Draft // taken with it, right behind it; a client's command has none
}

// RowKey is the key of the row that judging the command needs, or empty.
func (c *Command) RowKey() string {
	if c.Client != "" {
		return ClientKey(c.Client)
	}
	return c.Key
}

// Kind is how a command ended.
type Kind uint8

// The kinds. Repeated is Accepted for an entry that had been taken before.
const (
	Accepted Kind = iota + 1
	Repeated
	Refused
	Rejected
	Gap
)

// Verdict is the end of a command.
type Verdict struct {
	Kind     Kind
	Offset   uint64          // Accepted, Repeated: where, of several the first; 0 if that is forgotten (rule PUB-5)
	Term     string          // of Offset
	Expected uint64          // Gap
	Err      *protocol.Error // Refused, Rejected
}

// Deny turns an error into a verdict: Refused if it is retryable, else
// Rejected.
func Deny(err *protocol.Error) Verdict {
	if err.Retryable {
		return Verdict{Kind: Refused, Err: err}
	}
	return Verdict{Kind: Rejected, Err: err}
}
