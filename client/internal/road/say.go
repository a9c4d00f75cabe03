package road

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// command is what the machine reads of the core's words.
type command struct {
	Type    string                 `json:"type"`
	ID      uint64                 `json:"id"`
	Topic   string                 `json:"topic"`
	From    protocol.From          `json:"from"`
	Else    string                 `json:"else"`
	Doc     string                 `json:"doc"`
	Token   string                 `json:"token"`
	Clients []protocol.ClientProof `json:"clients"`
	Topics  []protocol.Subscribe   `json:"topics"`
	Watch   []protocol.Watch       `json:"watch"`
	Enter   []protocol.Enter       `json:"enter"`

	Since *protocol.PresenceVersion `json:"since"`
	State jsontext.Value            `json:"state"`
	Away  bool                      `json:"away"`
}

// Say takes a frame of the core's, and never answers by [Pass]. It keeps the
// frame. A frame that no core says panics.
func (m *Machine) Say(frame []byte) []Effect {
	messages, err := protocol.Split(frame)
	if err != nil {
		panic(fmt.Sprintf("road: split the core's frame: %v", err))
	}
	anew, farewell := false, []Effect(nil)
	for _, raw := range messages {
		var c command
		if err := json.Unmarshal(raw, &c); err != nil {
			panic(fmt.Sprintf("road: read the core's message: %v", err))
		}
		if c.Type == protocol.TypeLeave && c.Topic == "" {
			farewell = m.farewell(c)
			continue
		}
		anew = m.say(c, raw) || anew
	}
	if anew {
		return append(append(farewell, m.open()...), m.post()...)
	}
	return append(farewell, m.post()...)
}

// greeting begins the body of a POST.
func (m *Machine) greeting() []byte {
	body := append([]byte{'['}, protocol.Append(nil, &protocol.Hello{Token: m.token, Clients: m.clients})...)
	return append(body, ',')
}

// say takes one message, and reports whether the stream must be opened anew.
func (m *Machine) say(c command, raw jsontext.Value) (anew bool) {
	switch c.Type {
	case protocol.TypeHello:
		m.token, m.clients = c.Token, c.Clients
		for _, s := range c.Topics {
			m.subscribe(s)
		}
		for _, w := range c.Watch {
			m.watch(w)
		}
		for _, e := range c.Enter {
			m.enter(e)
		}
		return true
	case protocol.TypeAuth:
		m.token, m.auth = c.Token, question{id: c.ID}
		return true
	case protocol.TypeSubscribe:
		m.subscribe(protocol.Subscribe{ID: c.ID, Topic: c.Topic, From: c.From, Else: c.Else, Doc: c.Doc})
		return true
	case protocol.TypeUnsubscribe:
		m.remove(c.Topic)
		return true
	case protocol.TypeWatch:
		m.watch(protocol.Watch{ID: c.ID, Topic: c.Topic, Since: c.Since})
		return true
	case protocol.TypeUnwatch:
		m.unwatch(c.Topic)
		return true
	case protocol.TypeEnter:
		m.enter(protocol.Enter{ID: c.ID, Topic: c.Topic, State: c.State})
		return true
	case protocol.TypeUpdate:
		if e := find(m.members, (*member).self, c.Topic); e != nil {
			e.state = c.State
		}
	case protocol.TypeLeave:
		m.leave(c.Topic, raw)
		return false
	case protocol.TypePing:
		return !m.opening // a request on its way is as good a question as another
	case protocol.TypePong:
		return false
	}
	m.commands = append(m.commands, raw)
	return false
}

// post makes the next POST, if one is due and none is out.
func (m *Machine) post() []Effect {
	if m.posting || len(m.commands) == 0 {
		return nil
	}
	m.posting = true
	body, n := m.greeting(), 0
	for n < len(m.commands) && (n == 0 || len(body)+len(m.commands[n])+len(`]`) <= m.frameBytes) {
		body = append(append(body, m.commands[n]...), ',')
		n++
	}
	m.commands, m.flight = m.commands[n:], n
	body[len(body)-1] = ']'
	return []Effect{Post{body}}
}

// Answer takes one message of the answer to the POST that is out.
func (m *Machine) Answer(message any) []Effect {
	if _, welcome := message.(*protocol.Welcome); welcome {
		return nil
	}
	return []Effect{Pass{core.Aside{Message: message}}}
}

// Answered takes the end of that answer. What has been said meanwhile goes out.
func (m *Machine) Answered() []Effect {
	m.posting, m.parting, m.flight = false, max(0, m.parting-m.flight), 0
	var effects []Effect
	if m.stale {
		effects = m.open()
	}
	return append(effects, m.post()...)
}
