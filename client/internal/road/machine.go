package road

import (
	"slices"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// Effect is something for the driver to do: [Open], [Rest], [Post], [Farewell] or [Pass].
type Effect interface{ effect() }

// Open asks for the request that stands for the stream from now on, in place
// of the former one.
type Open struct {
	Number uint64
	Body   []byte
	Wait   int64 // on poll: how long the server may wait, in milliseconds
}

// Rest asks for a call of [Machine.Rested] a little later: the poll of this number
// brought nothing.
type Rest struct{ Number uint64 }

// Post asks for a POST of commands. There is one at a time.
type Post struct{ Body []byte }

// Farewell asks for a POST of last words, beside all others. What is answered does not
// matter, and the end of the connection does not end it.
type Farewell struct{ Body []byte }

// Pass gives the core an input.
type Pass struct{ Input core.Input }

func (Open) effect()     {}
func (Rest) effect()     {}
func (Post) effect()     {}
func (Farewell) effect() {}
func (Pass) effect()     {}

// Machine is one connection. Its zero value is not usable; see [New]. It is
// not safe for concurrent use.
//
// The driver carries out the effects of a call in order, and calls again only
// then: a message that the core answers by opening the stream anew is the last
// of the old one.
type Machine struct {
	token   string
	clients []protocol.ClientProof
	topics  []*topic  // in the order in which they were first subscribed
	watches []*watch  // as these
	members []*member // and these

	number   uint64 // of the request that stands for the stream
	opening  bool   // it was opened anew, and not welcomed yet
	answered bool   // it was welcomed
	idle     bool   // it brought nothing else so far
	stale    bool   // since it was opened, what it is to tell has changed
	welcomed bool   // some request was
	ping     int64  // of the latest welcome, in milliseconds
	auth     question

	frameBytes int
	commands   [][]byte // for the next POST
	posting    bool
	flight     int // commands in the POST that is out
	parting    int // commands up to the latest leave that is not answered
}

// question is a command with an id that the next welcome answers.
type question struct {
	id    uint64 // 0: none
	asked bool   // by the request that stands for the stream
}

// New returns a machine that has heard no hello yet.
func New() *Machine {
	return &Machine{frameBytes: protocol.DefaultLimits().FrameBytes}
}

// Current says whether a request stands for the stream.
func (m *Machine) Current(number uint64) bool { return number == m.number }

// open opens the stream anew, or notes that this is due: while a request is on
// its way another would only delay it, and a leave that is not answered would end
// what is entered behind it. Until then what the former says is passed over.
func (m *Machine) open() []Effect {
	switch {
	case m.opening:
		m.stale = true
		return nil
	case m.parting > 0:
		m.stale = true
		m.number++
		return nil
	}
	m.opening = true
	m.departAll()
	return []Effect{m.request(0)}
}

// request makes the next request that stands for the stream.
func (m *Machine) request(wait int64) Open {
	hello := protocol.Hello{Token: m.token, Clients: m.clients}
	for _, t := range m.topics {
		hello.Topics = append(hello.Topics, protocol.Subscribe{Topic: t.name, From: t.from, Else: t.fallback, Doc: t.doc})
	}
	for _, w := range m.watches {
		hello.Watch = append(hello.Watch, protocol.Watch{Topic: w.name, Since: w.since})
	}
	for _, e := range m.members {
		hello.Enter = append(hello.Enter, protocol.Enter{Topic: e.name, State: e.state})
	}
	m.number++
	m.stale, m.answered, m.idle = false, false, true
	m.auth.asked = m.auth.id != 0
	return Open{Number: m.number, Body: protocol.Append(nil, &hello), Wait: wait}
}

func (m *Machine) topic(name string) *topic {
	i := slices.IndexFunc(m.topics, func(t *topic) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return m.topics[i]
}

func (m *Machine) remove(name string) {
	m.topics = slices.DeleteFunc(m.topics, func(t *topic) bool { return t.name == name })
}
