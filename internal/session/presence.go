package session

import (
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// arrive serves what hello says of presence.
func (s *Session) arrive(hello *protocol.Hello) []Effect {
	var effects []Effect
	for _, w := range hello.Watch {
		effects = append(effects, Watch{Identity: s.identity, Command: w})
	}
	for _, e := range hello.Enter {
		client, err := s.client(e.Client)
		if err != nil {
			effects = append(effects, Reply{&protocol.LeftMessage{Topic: e.Topic, Client: e.Client, Error: err}})
			continue
		}
		if err := e.CheckState(s.config.Limits); err != nil {
			effects = append(effects, Reply{&protocol.LeftMessage{Topic: e.Topic, Client: client.ID, Error: protocol.AsError(err)}})
			continue
		}
		effects = append(effects, Enter{Identity: s.identity, Client: client, Command: e})
	}
	return effects
}

// presence serves a command about presence.
func (s *Session) presence(now time.Time, command any, limited *protocol.Error) []Effect {
	hinders := s.hinders(now, limited)
	switch c := command.(type) {
	case *protocol.Unwatch:
		return []Effect{Unwatch{Command: *c}}
	case *protocol.Watch:
		if hinders != nil {
			return fail(c.ID, hinders)
		}
		return []Effect{Watch{Identity: s.identity, Command: *c}}
	case *protocol.Leave:
		client, err := s.client(c.Client)
		if err != nil {
			return fail(c.ID, err)
		}
		return []Effect{Leave{Client: client, Command: *c}}
	case *protocol.Enter:
		client, err := s.member(c.Client, hinders)
		if err != nil {
			return fail(c.ID, err)
		}
		return []Effect{Enter{Identity: s.identity, Client: client, Command: *c}}
	case *protocol.Update:
		client, err := s.member(c.Client, hinders)
		if err != nil {
			return failIn(c.Topic, c.ID, err)
		}
		return []Effect{Update{Identity: s.identity, Client: client, Command: *c}}
	case *protocol.Signal:
		client, err := s.member(c.Client, hinders)
		if err != nil {
			return failIn(c.Topic, c.ID, err)
		}
		return []Effect{Signal{Identity: s.identity, Client: client, Command: *c}}
	}
	panic("session: no command about presence")
}

// member is the client that a command is for, unless something stands in its way.
func (s *Session) member(client string, hinders *protocol.Error) (Client, *protocol.Error) {
	if hinders != nil {
		return Client{}, hinders
	}
	return s.client(client)
}

// failIn answers a command that may have no id, and then says its topic.
func failIn(topic string, id uint64, err *protocol.Error) []Effect {
	return []Effect{Reply{Refusal(topic, id, err)}}
}

// Refusal is the answer to an update or a signal that failed.
func Refusal(topic string, id uint64, err *protocol.Error) *protocol.Failure {
	if id != 0 {
		topic = ""
	}
	return &protocol.Failure{ID: id, Topic: topic, Error: err}
}
