package core

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Entry is the message that tells a topic's entry.
type Entry struct {
	Topic   string `json:"topic"`
	Skipped uint64 `json:"skipped,omitzero"` // entries just before it that were left out (rule SUB-8)
	protocol.Entry
}

// DecodeMessage reads one message of a server: one of package protocol's, or
// *[Entry]. A type that it does not know gives nil, so that newer servers can
// speak to older clients; members that it does not know are passed over. A
// known type of the wrong shape is bad_message. The result owns its memory.
func DecodeMessage(message jsontext.Value) (any, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(message, &head); err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "The server's message has no type.")
	}
	m, err := decode(head.Type, message)
	if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "The server's %.40q has the wrong shape.", head.Type)
	}
	return m, nil
}

func decode(kind string, message jsontext.Value) (any, error) {
	switch kind {
	case protocol.TypeWelcome:
		return shape(message, func(m *protocol.Welcome) bool {
			return m.Ping >= 0 && m.Grace >= 0 && m.Limits.FrameBytes > 0 && m.Limits.MessageBytes > 0
		})
	case protocol.TypeAuthenticated:
		return shape[protocol.Authenticated](message, nil)
	case protocol.TypeSubscribed:
		return shape(message, func(m *protocol.Subscribed) bool { return m.Offset <= protocol.MaxOffset })
	case protocol.TypeUnsubscribed:
		return shape[protocol.Unsubscribed](message, nil)
	case protocol.TypeEntry:
		return shape(message, func(m *Entry) bool {
			return m.Offset > m.Skipped && m.Offset <= protocol.MaxOffset && m.Data != nil
		})
	case protocol.TypeSnapshot:
		return shape(message, func(m *protocol.Snapshot) bool {
			return m.Offset <= protocol.MaxOffset && (m.Cells.Kind() == '[' || m.Cells.Kind() == '{')
		})
	case protocol.TypeAck:
		return shape[protocol.Ack](message, nil)
	case protocol.TypeRefused:
		return shape(message, func(m *protocol.RefusedMessage) bool { return m.Error != nil })
	case protocol.TypeRejected:
		return shape(message, func(m *protocol.RejectedMessage) bool { return m.Error != nil })
	case protocol.TypeGap:
		return shape(message, func(m *protocol.GapMessage) bool { return m.Expected > 0 })
	case protocol.TypeHistory:
		return shape[protocol.HistoryPage](message, nil)
	case protocol.TypeWatching:
		return shape(message, func(m *protocol.Watching) bool { return m.Grace >= 0 })
	case protocol.TypePresence:
		return shape(message, func(m *protocol.Presence) bool { return m.Version >= m.From })
	case protocol.TypeUnwatched:
		return shape[protocol.Unwatched](message, nil)
	case protocol.TypeEntered:
		return shape[protocol.Entered](message, nil)
	case protocol.TypeLeft:
		return shape[protocol.LeftMessage](message, nil)
	case protocol.TypeError:
		return shape(message, func(m *protocol.Failure) bool { return m.Error != nil })
	case protocol.TypeClose:
		return shape(message, func(m *protocol.Close) bool { return m.Error != nil })
	case protocol.TypePing:
		return &protocol.Ping{}, nil
	case protocol.TypePong:
		return &protocol.Pong{}, nil
	}
	return nil, nil
}

func shape[T any](message jsontext.Value, valid func(*T) bool) (*T, error) {
	m := new(T)
	if err := json.Unmarshal(message, m); err != nil {
		return nil, err
	}
	if valid != nil && !valid(m) {
		return nil, fmt.Errorf("a member is missing or out of range")
	}
	return m, nil
}
