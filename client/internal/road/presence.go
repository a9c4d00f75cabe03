package road

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// wanted is something of a topic that hello says, beside its entries.
type wanted struct {
	name  string
	asked bool   // the core waits to be told
	id    uint64 // the command's that this answers; 0: it is hello
}

// answer is the id of the command that is answered now.
func (w *wanted) answer() uint64 {
	id := w.id
	w.asked, w.id = false, 0
	return id
}

// watch is a topic of which the core is told who is there.
type watch struct {
	wanted
	since *protocol.PresenceVersion // of what was passed on; nil: nothing was
}

// member is a topic that the client has entered.
type member struct {
	wanted
	state jsontext.Value
	leave jsontext.Value // to be said once the stream's request is answered; nil: none
}

func find[T any](list []*T, of func(*T) *wanted, name string) *T {
	i := slices.IndexFunc(list, func(v *T) bool { return of(v).name == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

func (w *watch) self() *wanted  { return &w.wanted }
func (e *member) self() *wanted { return &e.wanted }

func (m *Machine) watch(c protocol.Watch) {
	w := find(m.watches, (*watch).self, c.Topic)
	if w == nil {
		w = &watch{}
		m.watches = append(m.watches, w)
	}
	*w = watch{wanted{c.Topic, true, c.ID}, c.Since}
}

func (m *Machine) unwatch(topic string) {
	m.watches = slices.DeleteFunc(m.watches, func(w *watch) bool { return w.name == topic })
}

func (m *Machine) enter(c protocol.Enter) {
	e := find(m.members, (*member).self, c.Topic)
	if e == nil {
		e = &member{}
		m.members = append(m.members, e)
	}
	*e = member{wanted: wanted{c.Topic, true, c.ID}, state: c.State}
}

// leave ends a member. What a request for the stream says, whether it was entered now
// or before, may come to the server later than a command, so it waits for the answer
// to that.
func (m *Machine) leave(topic string, raw jsontext.Value) {
	if e := find(m.members, (*member).self, topic); e != nil && (e.asked || m.opening) {
		e.leave = raw
		return
	}
	m.depart(topic, raw)
}

func (m *Machine) depart(topic string, leave jsontext.Value) {
	m.members = slices.DeleteFunc(m.members, func(e *member) bool { return e.name == topic })
	m.commands = append(m.commands, leave)
	m.parting = m.flight + len(m.commands)
}

// departAll says what waits for an answer that does not come any more, since the
// stream is opened anew.
func (m *Machine) departAll() {
	for _, e := range slices.Clone(m.members) {
		if e.leave != nil {
			m.depart(e.name, e.leave)
		}
	}
}

// farewell leaves all topics, each by its name: when that is heard the stream may have
// ended, and with it the server's memory of what the client had entered by it.
func (m *Machine) farewell(c command) []Effect {
	body := m.greeting()
	for _, e := range m.members {
		body = append(protocol.Append(body, &protocol.Leave{ID: c.ID, Topic: e.name, Away: c.Away}), ',')
	}
	body[len(body)-1] = ']'
	return []Effect{Farewell{body}}
}

// watching takes who is in a topic. What the core knows is not passed on.
func (m *Machine) watching(told *protocol.Watching) []Effect {
	w := find(m.watches, (*watch).self, told.Topic)
	if w == nil {
		return nil
	}
	known := !w.asked && told.Recovered
	said := *told
	said.ID = w.answer()
	w.since = &protocol.PresenceVersion{Epoch: told.Epoch, Version: told.Version}
	if known {
		return nil
	}
	return pass(&said)
}

func (m *Machine) presence(told *protocol.Presence) []Effect {
	w := find(m.watches, (*watch).self, told.Topic)
	if w == nil {
		return nil
	}
	if w.since != nil && w.since.Version == told.From {
		w.since = &protocol.PresenceVersion{Epoch: w.since.Epoch, Version: told.Version}
	}
	return pass(told)
}

func (m *Machine) unwatched(told *protocol.Unwatched) []Effect {
	w := find(m.watches, (*watch).self, told.Topic)
	if w == nil {
		return nil
	}
	m.unwatch(told.Topic)
	return ended(w.id, told.Error, told)
}

func (m *Machine) entered(told *protocol.Entered) []Effect {
	e := find(m.members, (*member).self, told.Topic)
	switch {
	case e == nil:
		return nil
	case e.leave != nil:
		m.depart(e.name, e.leave)
		return m.post()
	case !e.asked:
		return nil
	}
	said := *told
	said.ID = e.answer()
	return pass(&said)
}

func (m *Machine) left(told *protocol.LeftMessage) []Effect {
	e := find(m.members, (*member).self, told.Topic)
	switch {
	case e == nil:
		return nil
	case e.leave != nil:
		m.depart(e.name, e.leave)
		return m.post()
	}
	m.members = slices.DeleteFunc(m.members, func(o *member) bool { return o == e })
	return ended(e.id, told.Error, told)
}

// ended passes on that the server has ended something, or, as the answer to the
// command of an id, has refused it.
func ended(id uint64, err *protocol.Error, message any) []Effect {
	if id == 0 {
		return pass(message)
	}
	if err == nil {
		err = protocol.Errorf(protocol.Internal, "The server does not say why.")
	}
	return pass(&protocol.Failure{ID: id, Error: err})
}
