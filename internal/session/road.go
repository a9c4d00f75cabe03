package session

import "github.com/tuttisync/tutti/protocol"

// Road is how a conversation goes (rules ROAD of spec/protocol.md).
type Road uint8

// The roads.
const (
	TwoWay Road = iota // both sides speak for as long as they like: a WebSocket
	Stream             // the peer says hello and nothing more; sse and poll
	Batch              // the peer says hello and some commands at once, and is answered
)

// takes returns bad_message for a command that has no place on the road.
func (r Road) takes(command any) *protocol.Error {
	switch r {
	case TwoWay:
		return nil
	case Batch:
		switch command.(type) {
		case *protocol.Publish, *protocol.History, *protocol.Ping, *protocol.Pong, *protocol.Hello,
			*protocol.Enter, *protocol.Update, *protocol.Leave, *protocol.Signal:
			return nil
		}
		return protocol.Errorf(protocol.BadMessage, "This belongs to a connection: to the hello of /v1/sse or /v1/poll, or to a WebSocket.")
	}
	return protocol.Errorf(protocol.BadMessage, "Here hello stands alone; commands go to /v1/commands.")
}

// commandID returns the id by which a command's answer is told apart, if it
// has one.
func commandID(command any) uint64 {
	switch c := command.(type) {
	case *protocol.Auth:
		return c.ID
	case *protocol.Prove:
		return c.ID
	case *protocol.Subscribe:
		return c.ID
	case *protocol.Unsubscribe:
		return c.ID
	case *protocol.History:
		return c.ID
	case *protocol.Watch:
		return c.ID
	case *protocol.Unwatch:
		return c.ID
	case *protocol.Enter:
		return c.ID
	case *protocol.Update:
		return c.ID
	case *protocol.Leave:
		return c.ID
	case *protocol.Signal:
		return c.ID
	}
	return 0
}
