package road

import (
	"errors"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// Hear takes one message of the stream that a request stood for, as
// [core.DecodeMessage] returns it. What a former one still says is passed
// over.
func (m *Machine) Hear(number uint64, message any) []Effect {
	if number != m.number {
		return nil
	}
	switch v := message.(type) {
	case *protocol.Welcome:
		return m.welcome(v)
	case *protocol.Subscribed:
		return m.subscribed(v)
	case *protocol.Entered:
		return m.entered(v)
	case *protocol.Watching:
		m.idle = m.idle && v.Recovered
		return m.watching(v)
	}
	m.idle = false
	switch v := message.(type) {
	case *protocol.Unsubscribed:
		return m.unsubscribed(v)
	case *protocol.Presence:
		return m.presence(v)
	case *protocol.Unwatched:
		return m.unwatched(v)
	case *protocol.LeftMessage:
		return m.left(v)
	case *core.Entry:
		return m.moved(v.Topic, v.Position(), v)
	case *protocol.Snapshot:
		return m.moved(v.Topic, protocol.Position{Term: v.Term, Offset: v.Offset}, v)
	}
	return pass(message)
}

// moved takes what brings a topic to p.
func (m *Machine) moved(topic string, p protocol.Position, message any) []Effect {
	t := m.topic(topic)
	if t == nil {
		return nil
	}
	t.from = protocol.FromPosition(p)
	return pass(message)
}

func pass(message any) []Effect { return []Effect{Pass{core.Message{Message: message}}} }

// welcome takes a request's first message. The connection's first is passed on
// as it is, each other as a pong, for it says that the server is there.
func (m *Machine) welcome(w *protocol.Welcome) []Effect {
	m.opening, m.answered = false, true
	m.ping, m.frameBytes = w.Ping, w.Limits.FrameBytes
	effects := pass(&protocol.Pong{})
	if !m.welcomed {
		m.welcomed = true
		effects = pass(w)
	}
	if m.auth.asked {
		effects = append(effects, pass(&protocol.Authenticated{ID: m.auth.id, Sub: w.Sub, Name: w.Name})...)
		m.auth = question{}
	}
	if m.stale {
		effects = append(append(effects, m.open()...), m.post()...)
	}
	return effects
}

// subscribed takes a topic's place. One that the core knows is not passed on.
// One that a snapshot is to follow is no place yet: the snapshot has it.
func (m *Machine) subscribed(s *protocol.Subscribed) []Effect {
	t := m.topic(s.Topic)
	if t == nil {
		return nil
	}
	place := protocol.FromPosition(protocol.Position{Term: s.Term, Offset: s.Offset})
	known := !t.asked && s.Recovered && !s.Snapshot && t.from == place
	said := *s
	if said.ID = 0; t.asked {
		said.ID = t.id
	}
	t.asked, t.live = false, true
	if !s.Snapshot {
		t.from = place
	}
	if known {
		return nil
	}
	return pass(&said)
}

// unsubscribed takes the end of a topic, or a topic that could not begin. As an
// answer to subscribe it is an error; if the topic had begun before, it has
// ended too, as it had not over a WebSocket.
func (m *Machine) unsubscribed(u *protocol.Unsubscribed) []Effect {
	t := m.topic(u.Topic)
	if t == nil {
		return nil
	}
	m.remove(u.Topic)
	said := &protocol.Unsubscribed{Topic: u.Topic, Error: u.Error}
	if !t.asked || t.id == 0 {
		return pass(said)
	}
	err := u.Error
	if err == nil {
		err = protocol.Errorf(protocol.Internal, "The server did not begin the subscription.")
	}
	effects := pass(&protocol.Failure{ID: t.id, Error: err})
	if t.live {
		effects = append(effects, pass(said)...)
	}
	return effects
}

// Ended takes the end of a request of the road poll that was answered whole.
// After an error the connection is to be given up.
func (m *Machine) Ended(number uint64) ([]Effect, error) {
	switch {
	case number != m.number:
		return nil, nil
	case !m.answered:
		return nil, errUnwelcome
	case m.idle:
		return []Effect{Rest{number}}, nil
	}
	return m.next(), nil
}

// Rested makes the request behind one that brought nothing, with what has been said
// meanwhile.
func (m *Machine) Rested(number uint64) []Effect {
	if number != m.number {
		return nil
	}
	return m.next()
}

func (m *Machine) next() []Effect { return []Effect{m.request(max(m.ping, 1))} }

var errUnwelcome = errors.New("the answer holds no welcome")
