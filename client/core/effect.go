package core

import (
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// State is a state of the connection.
type State string

// The states. A client is online in live and probing.
const (
	Idle       State = "idle"       // connect was never called
	Connecting State = "connecting" // asking for a token, opening, saying hello
	Live       State = "live"       // welcomed
	Probing    State = "probing"    // live, but perhaps dead: a ping is out
	Backoff    State = "backoff"    // waiting before the next attempt
	Parked     State = "parked"     // an error that no waiting mends; until connect
	Closed     State = "closed"     // for good
)

// Effect is something for the driver to do or tell: one of the types of this
// file.
type Effect interface{ effect() }

// Status says that the state changed.
type Status struct {
	State   State
	Road    string          // in connecting, live and probing: how the server is reached
	Attempt int             // in backoff: the number of the attempt to come
	Until   int64           // in backoff: when it comes
	Err     *protocol.Error // in backoff and parked: why, or nil
}

// AskToken asks for a token, constant or not; the answer is [Token] or
// [TokenFailed].
type AskToken struct{}

// Open asks for a transport over a road; the former is gone.
type Open struct{ Road string }

// Try asks to see, beside the connection, whether the server answers on a
// road: say a hello with this token, no client and no topic, and wait 5 s for
// the first message. A coded error is an answer too. [Tried] tells; of a
// connection that has ended it need not.
type Try struct{ Road, Token string }

// Send gives one frame to the transport.
type Send struct{ Frame []byte }

// Shut ends the transport. Nothing of it is passed in after this.
type Shut struct{ Code int }

// Started says where a handler's entries begin: behind Position. It comes when
// a handler first starts, and again, with Recovered false, when what it had
// read up to is lost.
type Started struct {
	Handler   uint64
	Position  protocol.Position
	Recovered bool
}

// Snapshot tells a handler of a document what the document is at Position, in
// place of what it was told before. Recovered is false only if the log of what
// it was told before is lost; then the base of every unanswered operation of
// the topic is 0 from now on (rule DOC-19).
type Snapshot struct {
	Handler   uint64
	Position  protocol.Position
	Seqs      []protocol.ClientSeq // of the own client: the highest that the document holds
	Cells     jsontext.Value       // [[key, cell], …]
	Recovered bool
}

// Deliver gives an entry to handlers, in the order in which they joined.
type Deliver struct {
	Handlers []uint64
	Topic    string
	Skipped  uint64 // entries just before it that were left out
	Entry    *protocol.Entry
}

// Failed says that a handler's subscription ended; the handler is gone.
type Failed struct {
	Handler uint64
	Err     *protocol.Error
}

// Queued says that an entry waits to be sent.
type Queued struct{ Key uint64 }

// Sent says that an entry was first sent under this seq or, of a core that keeps,
// that it was given it.
type Sent struct{ Key, Seq uint64 }

// Doubtful says that the connection ended while an operation was on its way. It
// is sent again on the next.
type Doubtful struct{ Key uint64 }

// Outdated says that the server takes a positional operation, the first in its
// topic's queue, only if it is said anew, as of a later offset: it and those behind
// it are to be amended before the next step. None of them is in the log.
type Outdated struct{ Key uint64 }

// Settled is the end of a publish, told exactly once.
type Settled struct {
	Key         uint64
	Position    protocol.Position // where the entry is; zero if it failed or the server told no offset
	Err         *protocol.Error   // nil: acknowledged
	Unconfirmed bool              // it failed here, but may be in the log
}

// Page answers [History], exactly once.
type Page struct {
	Key  uint64
	Page *protocol.HistoryPage // nil if Err is set
	Err  *protocol.Error
}

// Presence tells who is in a topic that is watched, or what has changed of it. Each
// follows the one before, or is a new list.
type Presence struct {
	Topic   string
	Message any // *[protocol.Watching] or *[protocol.Presence]
}

// Unwatched says that a watch has ended with an error.
type Unwatched struct {
	Topic string
	Err   *protocol.Error
}

// Entered answers [Enter], exactly once.
type Entered struct {
	Key uint64
	Err *protocol.Error // nil: the client is a member
}

// Left answers [Leave], exactly once.
type Left struct{ Key uint64 }

// Expelled says that the server has ended a member that had entered.
type Expelled struct {
	Topic string
	Err   *protocol.Error
}

// Fault says that an update or a signal was not taken.
type Fault struct {
	Topic string
	Err   *protocol.Error
}

// Keep tells what has changed of what is to outlive the client: to be stored
// together or not at all, in the order of batches. [Kept] answers, late and not
// for each as the driver likes. Nothing is sent before it is stored.
type Keep struct {
	Batch   uint64               // counted from 1
	Client  *KeptClient          // nil: as before, as are those that are not in Topics and Entries
	Topics  map[string]KeptTopic // by name
	Entries []KeptEntry          // each whole, in the order of publishing
	Gone    []uint64             // keys of entries that have left the queue, however they ended
}

// Wait is the time of the [Tick] that the core wants at the latest, in place
// of the one that it wanted before.
type Wait struct{ Until int64 }

// Never is the time of a [Wait] that wants no tick.
const Never int64 = math.MaxInt64

func (Status) effect()    {}
func (AskToken) effect()  {}
func (Open) effect()      {}
func (Try) effect()       {}
func (Send) effect()      {}
func (Shut) effect()      {}
func (Started) effect()   {}
func (Snapshot) effect()  {}
func (Deliver) effect()   {}
func (Failed) effect()    {}
func (Queued) effect()    {}
func (Sent) effect()      {}
func (Doubtful) effect()  {}
func (Outdated) effect()  {}
func (Settled) effect()   {}
func (Page) effect()      {}
func (Presence) effect()  {}
func (Unwatched) effect() {}
func (Entered) effect()   {}
func (Left) effect()      {}
func (Expelled) effect()  {}
func (Fault) effect()     {}
func (Keep) effect()      {}
func (Wait) effect()      {}
