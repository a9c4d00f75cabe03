package core

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Input is something that happened: one of the types of this file.
type Input interface{ apply(*Core) }

// Connect starts, or leaves parked or backoff at once.
type Connect struct{}

// Token answers [AskToken].
type Token struct{ Token string }

// TokenFailed answers [AskToken] when the application has no token to give now.
type TokenFailed struct{ Message string }

// Opened says that the transport is up.
type Opened struct{}

// Message is one message of the server, as [DecodeMessage] returns it.
type Message struct{ Message any }

// Aside is a message of the server that did not come by the stream but in
// answer to a POST: no sign that the stream lives (rule CONN-13).
type Aside struct{ Message any }

// Lost says that the transport ended, with its close code or 0.
type Lost struct{ Code int }

// Wake is a sign that the network or the process is back, or that the network may be
// gone.
type Wake struct {
	Network bool // it may be another network
}

// Tried answers [Try]: whether the server said anything on that road.
type Tried struct {
	Road string
	OK   bool
}

// Tick says that time has passed.
type Tick struct{}

// Subscribe adds a handler. The application numbers its handlers; a number is
// never used again.
type Subscribe struct {
	Handler uint64
	Topic   string
	From    protocol.From
	Else    string // "earliest" (or empty) or "new"
	Doc     string // read the topic as a document of this type, from a position or nothing; empty: as entries
}

// Unsubscribe takes a handler away; an unknown one is passed over.
type Unsubscribe struct{ Handler uint64 }

// Publish queues an entry. The application numbers its publishes and pages; a
// number is never used again.
type Publish struct {
	Key      uint64
	Topic    string
	Name     string
	EntryKey string  // the entry's own key (rule ENTRY-5); empty: none
	Base     *uint64 // of an operation: the offset of the document that it was made on; nil: no operation
	// Positional, of an operation: what its words mean hangs on those before it, so
	// that they are amended when one of those goes.
	Positional bool
	Data       jsontext.Value
	Timeout    int64 // milliseconds; 0: none
}

// Amend replaces the base and the data of a positional operation that is not
// settled. What is in flight is not called back: if it is sent again, it is with
// these. Of the topic nothing is sent in this step.
type Amend struct {
	Key  uint64
	Base uint64
	Data jsontext.Value
}

// Abort takes back a publish that was never sent, or a page of history.
type Abort struct{ Key uint64 }

// History asks for a page of a topic's log, as [protocol.History] says.
type History struct {
	Key    uint64
	Topic  string
	After  *uint64
	Before *uint64
	Limit  int
}

// Watch asks to be told who is in a topic, by [Presence], until [Unwatch], or
// [Unwatched].
type Watch struct{ Topic string }

// Unwatch ends that.
type Unwatch struct{ Topic string }

// Enter makes the client a member of a topic, on every connection, until [Leave], or
// [Expelled]; or it gives the member another state. [Entered] answers it.
type Enter struct {
	Key   uint64 // as of [Publish]
	Topic string
	State jsontext.Value // nil: none
}

// Update gives a member another state. Of several within 50 ms the latest is said.
type Update struct {
	Topic string
	State jsontext.Value
}

// Leave ends a member. Its enters that are not answered end with aborted.
type Leave struct {
	Key   uint64 // [Left] answers it; 0: nothing does
	Topic string
}

// Signal calls something out to those who watch a topic that the client has entered.
// Without a connection it is dropped.
type Signal struct {
	Topic string
	Name  string
	Data  jsontext.Value
}

// Away says that the process is about to go: if the client is a member of any topic,
// the transport ends, until [Connect] or [Wake].
type Away struct{}

// Restore tells what a former life of the client kept, of a core that keeps:
// once, before the first [Connect]; later it is passed over. It stands before all
// that was published since the start, and its keys are others.
type Restore struct {
	Client  *KeptClient // nil: it is not known; then Topics and seqs are passed over
	Topics  map[string]KeptTopic
	Entries []KeptEntry // of each topic in order
}

// Kept says that all is stored that [Keep] told up to this batch. A batch that
// was not told is passed over.
type Kept struct{ Batch uint64 }

// Unkept says that this failed: what is stored is what [Kept] has told, and nothing is
// being stored as long as the step lasts.
type Unkept struct{}

// Close ends the client for good.
type Close struct{}
