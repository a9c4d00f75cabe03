package protocol

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of messages, but those about presence. Client to server: hello, auth, subscribe,
// unsubscribe, publish, history, ping, pong. Server to client: the rest, ping
// and pong.
const (
	TypeHello         = "hello"
	TypeAuth          = "auth"
	TypeProve         = "prove"
	TypeSubscribe     = "subscribe"
	TypeUnsubscribe   = "unsubscribe"
	TypePublish       = "publish"
	TypeHistory       = "history"
	TypePing          = "ping"
	TypePong          = "pong"
	TypeWelcome       = "welcome"
	TypeAuthenticated = "authenticated"
	TypeProved        = "proved"
	TypeSubscribed    = "subscribed"
	TypeUnsubscribed  = "unsubscribed"
	TypeEntry         = "entry"
	TypeAck           = "ack"
	TypeRefused       = "refused"
	TypeRejected      = "rejected"
	TypeGap           = "gap"
	TypeError         = "error"
	TypeRedacted      = "redacted"
	TypeSnapshot      = "snapshot"
	TypeClose         = "close"
)

// Hello is a connection's first message.
type Hello struct {
	Token   string        `json:"token,omitzero"`
	Clients []ClientProof `json:"clients,omitzero"`
	Topics  []Subscribe   `json:"topics,omitzero"`
	Watch   []Watch       `json:"watch,omitzero"`
	Enter   []Enter       `json:"enter,omitzero"`
}

// ClientProof proves one client and says which run of it this is.
type ClientProof struct {
	Secret Secret `json:"secret"`
	Run    uint64 `json:"run"` // 1, 2, …; raised by each connection
}

// Auth replaces the identity's token on a live connection.
type Auth struct {
	ID    uint64 `json:"id"`
	Token string `json:"token"`
}

// Prove says which clients the connection speaks for from now on, in place of
// those that it spoke for.
type Prove struct {
	ID      uint64        `json:"id"`
	Clients []ClientProof `json:"clients,omitzero"`
}

// Subscribe asks for a topic's entries. In hello ID is 0.
type Subscribe struct {
	ID    uint64 `json:"id,omitzero"`
	Topic string `json:"topic"`
	From  From   `json:"from,omitzero"` // zero: new
	Else  string `json:"else,omitzero"` // where to start when the position is lost: "earliest" (default) or "new"
	Doc   string `json:"doc,omitzero"`  // open the topic as a document of this type (rule DOC-8)
}

// Unsubscribe ends a subscription.
type Unsubscribe struct {
	ID    uint64 `json:"id"`
	Topic string `json:"topic"`
}

// Publish asks to append an entry. Client may be empty when hello proved
// exactly one.
type Publish struct {
	Topic  string         `json:"topic"`
	Client string         `json:"client,omitzero"`
	Seq    uint64         `json:"seq"`
	Voids  []Range        `json:"voids,omitzero"`
	Base   *uint64        `json:"base,omitzero"` // of an operation (rule DOC-2)
	Name   string         `json:"name,omitzero"`
	Key    string         `json:"key,omitzero"`
	Data   jsontext.Value `json:"data"`
}

// History asks for a page of a topic's log: the entries above After, or the
// newest ones below Before, or (neither given) the newest.
type History struct {
	ID     uint64  `json:"id"`
	Topic  string  `json:"topic"`
	After  *uint64 `json:"after,omitzero"`
	Before *uint64 `json:"before,omitzero"`
	Limit  int     `json:"limit,omitzero"` // 0: 100
}

// Ping asks for a Pong, in either direction.
type Ping struct{}

// Pong answers a Ping.
type Pong struct{}

// Welcome answers hello.
type Welcome struct {
	Session string   `json:"session"` // names the connection in the server's log
	Sub     string   `json:"sub,omitzero"`
	Name    string   `json:"name,omitzero"`
	Clients []string `json:"clients,omitzero"` // ids, in hello's order
	Ping    int64    `json:"ping"`             // a message arrives at least this often, in milliseconds
	Grace   int64    `json:"grace"`            // how late it may be, in milliseconds
	Limits  Limits   `json:"limits"`
}

// Authenticated answers Auth.
type Authenticated struct {
	ID   uint64 `json:"id"`
	Sub  string `json:"sub,omitzero"`
	Name string `json:"name,omitzero"`
}

// Proved answers Prove.
type Proved struct {
	ID      uint64   `json:"id"`
	Clients []string `json:"clients,omitzero"` // ids, in the order of Prove
}

// Subscribed says that the entries that follow on this connection are those
// above Position. It answers Subscribe (with its ID) or tells, unasked
// (ID 0), that the subscription had to start anew.
type Subscribed struct {
	ID        uint64 `json:"id,omitzero"`
	Topic     string `json:"topic"`
	Offset    uint64 `json:"offset"`
	Term      string `json:"term,omitzero"`
	Recovered bool   `json:"recovered"`         // false: the position asked for (or reached) is lost
	Snapshot  bool   `json:"snapshot,omitzero"` // a snapshot comes before the first entry (rule DOC-9)
}

// Snapshot is a document at an offset (rule DOC-10). The entries that follow on
// the connection are those above it.
type Snapshot struct {
	Topic  string         `json:"topic"`
	Offset uint64         `json:"offset"`
	Term   string         `json:"term,omitzero"`
	Seqs   []ClientSeq    `json:"seqs,omitzero"`
	Cells  jsontext.Value `json:"cells"` // [[key, cell], …]
}

// Unsubscribed answers Unsubscribe, or tells, unasked, why the server ended a
// subscription.
type Unsubscribed struct {
	ID    uint64 `json:"id,omitzero"`
	Topic string `json:"topic"`
	Error *Error `json:"error,omitzero"`
}

// Ack says that an entry is in the log, durable as its namespace promises.
type Ack struct {
	Topic  string `json:"topic"`
	Client string `json:"client"`
	Seq    uint64 `json:"seq"`
	Offset uint64 `json:"offset,omitzero"` // 0 when an old repeat is answered (rule PUB-5)
	Term   string `json:"term,omitzero"`
}

// RefusedMessage says that an entry was not taken this time and may be sent again.
type RefusedMessage struct {
	Topic  string `json:"topic"`
	Client string `json:"client"`
	Seq    uint64 `json:"seq"`
	Error  *Error `json:"error"`
}

// RejectedMessage says that an entry will never be taken.
type RejectedMessage struct {
	Topic  string `json:"topic"`
	Client string `json:"client"`
	Seq    uint64 `json:"seq"`
	Error  *Error `json:"error"`
}

// GapMessage says that the client must go back to Expected.
type GapMessage struct {
	Topic    string `json:"topic"`
	Client   string `json:"client"`
	Seq      uint64 `json:"seq"`
	Expected uint64 `json:"expected"`
}

// HistoryPage answers History.
type HistoryPage struct {
	ID      uint64           `json:"id,omitzero"`
	Topic   string           `json:"topic"`
	First   uint64           `json:"first"` // lowest offset that can be read
	Head    Position         `json:"head"`
	Entries []jsontext.Value `json:"entries"` // in stored form, ascending
}

// AppendJSON appends the page's JSON to b. Unlike an encoder, which would
// rewrite them, it leaves the entries as they were stored, byte for byte.
func (p *HistoryPage) AppendJSON(b []byte) []byte {
	head, err := json.Marshal(struct {
		ID    uint64   `json:"id,omitzero"`
		Topic string   `json:"topic"`
		First uint64   `json:"first"`
		Head  Position `json:"head"`
	}{p.ID, p.Topic, p.First, p.Head})
	if err != nil {
		panic("protocol: marshal a page: " + err.Error())
	}
	b = append(b, head[:len(head)-1]...)
	b = append(b, `,"entries":[`...)
	for i, e := range p.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	return append(b, "]}"...)
}

// Failure answers a command that failed and has no answer of its own. Topic is
// that of an update or a signal without an id.
type Failure struct {
	ID    uint64 `json:"id,omitzero"`
	Topic string `json:"topic,omitzero"`
	Error *Error `json:"error"`
}

// Redacted tells, unasked, that what an entry said was taken out of the log
// (rule ADMIN-2).
type Redacted struct {
	Topic  string `json:"topic"`
	Offset uint64 `json:"offset"`
}

// Close comes before the server ends the connection.
type Close struct {
	Error *Error `json:"error"`
}

// ErrorOf returns the error that a message of the server tells, nil if it tells
// none.
func ErrorOf(message any) *Error {
	switch m := message.(type) {
	case *Unsubscribed:
		return m.Error
	case *RefusedMessage:
		return m.Error
	case *RejectedMessage:
		return m.Error
	case *Failure:
		return m.Error
	case *Close:
		return m.Error
	case *Unwatched:
		return m.Error
	case *LeftMessage:
		return m.Error
	}
	return nil
}

// Append appends the JSON of a message of this package, with its type in
// front, to b. A type that is no message panics.
func Append(b []byte, message any) []byte {
	name := typeOf(message)
	b = append(b, `{"type":"`...)
	b = append(b, name...)
	b = append(b, '"')
	body := marshal(name, message)
	if len(body) > len(`{}`) {
		b = append(b, ',')
		return append(b, body[1:]...)
	}
	return append(b, '}')
}

func marshal(name string, message any) []byte {
	if page, ok := message.(*HistoryPage); ok {
		return page.AppendJSON(nil)
	}
	body, err := json.Marshal(message, jsontext.AllowInvalidUTF8(true)) // an application's words may be anything
	if err != nil {
		panic("protocol: marshal " + name + ": " + err.Error())
	}
	return body
}

func typeOf(message any) string {
	switch message.(type) {
	case *Hello:
		return TypeHello
	case *Auth:
		return TypeAuth
	case *Prove:
		return TypeProve
	case *Subscribe:
		return TypeSubscribe
	case *Unsubscribe:
		return TypeUnsubscribe
	case *Publish:
		return TypePublish
	case *History, *HistoryPage:
		return TypeHistory
	case *Ping:
		return TypePing
	case *Pong:
		return TypePong
	case *Welcome:
		return TypeWelcome
	case *Authenticated:
		return TypeAuthenticated
	case *Proved:
		return TypeProved
	case *Subscribed:
		return TypeSubscribed
	case *Unsubscribed:
		return TypeUnsubscribed
	case *Ack:
		return TypeAck
	case *RefusedMessage:
		return TypeRefused
	case *RejectedMessage:
		return TypeRejected
	case *GapMessage:
		return TypeGap
	case *Failure:
		return TypeError
	case *Redacted:
		return TypeRedacted
	case *Snapshot:
		return TypeSnapshot
	case *Close:
		return TypeClose
	case *Watch:
		return TypeWatch
	case *Unwatch:
		return TypeUnwatch
	case *Enter:
		return TypeEnter
	case *Update:
		return TypeUpdate
	case *Leave:
		return TypeLeave
	case *Signal:
		return TypeSignal
	case *Watching:
		return TypeWatching
	case *Unwatched:
		return TypeUnwatched
	case *Entered:
		return TypeEntered
	case *LeftMessage:
		return TypeLeft
	case *Presence:
		return TypePresence
	}
	panic("protocol: not a message")
}
