package core

import (
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// Times between updates of a member, in milliseconds.
const (
	updateTime  = 50
	refusedTime = 1000 // after one that was refused, at least
)

// member is the wish to be in a topic, or to be there no more.
type member struct {
	wish
	topic   string
	state   jsontext.Value
	leaving bool
	known   bool     // it was entered on this connection, as far as is known
	held    bool     // the server has it, as far as is known: a refusal to enter again does not end it
	stale   bool     // the state was not said
	next    int64    // no update before
	keys    []uint64 // of those who wait for the answer
}

// members are those of all topics, in the order in which they were made.
type members struct{ table[*member] }

func newMembers() members { return members{newTable[*member]()} }

// joined is the member of a topic that is to be there, or nil.
func (b *members) joined(topic string) *member {
	if m := b.byTopic[topic]; m != nil && !m.leaving {
		return m
	}
	return nil
}

func (in Enter) apply(c *Core) {
	err := c.checkPresence(in.Topic)
	if err == nil {
		err = checkState(in.State)
	}
	if err != nil {
		c.emit(Entered{in.Key, protocol.AsError(err)})
		return
	}
	m := c.members.byTopic[in.Topic]
	if m == nil {
		m = &member{topic: in.Topic}
		c.members.add(in.Topic, m)
	}
	if m.leaving {
		c.settleMember(m, nil)
		m.leaving, m.held = false, false
	}
	m.state, m.keys = in.State, append(m.keys, in.Key)
	m.renew()
	c.sendMembers()
}

// checkState takes any JSON, and none.
func checkState(state jsontext.Value) error {
	if state == nil {
		return nil
	}
	return protocol.Limits{MessageBytes: math.MaxInt, Depth: math.MaxInt, Members: math.MaxInt}.CheckData(state)
}

func (in Update) apply(c *Core) {
	m := c.joined(in.Topic)
	if m == nil {
		return
	}
	if err := checkState(in.State); err != nil {
		c.emit(Fault{in.Topic, protocol.AsError(err)})
		return
	}
	m.state, m.stale = in.State, true
	c.sendMembers()
}

// joined is the member of a topic that is to be there; if there is none, it is told.
func (c *Core) joined(topic string) *member {
	m := c.members.joined(topic)
	if m == nil && c.connection.state != Closed {
		c.emit(Fault{topic, protocol.Errorf(protocol.NotFound, "The client has not entered the topic.")})
	}
	return m
}

func (in Leave) apply(c *Core) {
	m := c.members.byTopic[in.Topic]
	if m == nil {
		if in.Key > 0 {
			c.emit(Left{in.Key})
		}
		return
	}
	if !m.leaving {
		c.settleMember(m, protocol.Errorf(protocol.Aborted, ""))
		m.leaving = true
		m.renew()
	}
	if in.Key > 0 {
		m.keys = append(m.keys, in.Key)
	}
	if !m.known {
		c.endMember(m, nil)
	}
	c.sendMembers()
}

func (in Signal) apply(c *Core) {
	m := c.joined(in.Topic)
	if m == nil {
		return
	}
	if err := checkSignal(in); err != nil {
		c.emit(Fault{in.Topic, protocol.AsError(err)})
		return
	}
	if m.known && c.ready() {
		c.send(&protocol.Signal{Topic: in.Topic, Name: in.Name, Data: in.Data})
	}
}

func checkSignal(in Signal) error {
	if in.Name == "" {
		return protocol.Errorf(protocol.BadName, "A signal needs a name.")
	}
	if err := protocol.CheckName(in.Name); err != nil {
		return err
	}
	return checkState(in.Data)
}

// Away says so to the server, which lets the members be awaited at once, and ends
// the transport.
func (Away) apply(c *Core) {
	if len(c.members.order) > 0 {
		c.farewell(true)
		c.away()
	}
}

// farewell says to the server that the client is gone, or about to go.
func (c *Core) farewell(away bool) {
	if len(c.members.order) > 0 && c.online() {
		c.emit(Send{protocol.Append(nil, &protocol.Leave{ID: c.id(), Away: away})})
	}
}

// helloEnter says all members in hello.
func (c *Core) helloEnter() []protocol.Enter {
	var all []protocol.Enter
	for _, m := range c.members.order {
		all = append(all, m.enter(m.say(0)))
	}
	return all
}

func (m *member) enter(id uint64) protocol.Enter {
	m.told()
	return protocol.Enter{ID: id, Topic: m.topic, State: m.state}
}

// told notes that the member was said as it is.
func (m *member) told() { m.known, m.stale = true, false }

// sendMembers says whatever is to be said and was not yet.
func (c *Core) sendMembers() {
	for _, m := range c.members.order {
		switch {
		case m.due(c) && m.leaving:
			c.send(&protocol.Leave{ID: m.say(c.id()), Topic: m.topic})
		case m.due(c):
			enter := m.enter(m.say(c.id()))
			c.send(&enter)
		case m.stage == granted && m.stale && c.ready() && c.now >= m.next:
			m.next = c.now + updateTime
			m.told()
			c.send(&protocol.Update{Topic: m.topic, State: m.state})
		}
	}
}

func (c *Core) entered(in *protocol.Entered) {
	m := c.members.joined(in.Topic)
	if m == nil {
		return
	}
	m.held = true
	if in.ID != m.id {
		return
	}
	m.grant()
	c.settleMember(m, nil)
	c.sendMembers()
}

// left takes the end of a member, as it was asked for or as the server wants it.
func (c *Core) left(in *protocol.LeftMessage) {
	m := c.members.byTopic[in.Topic]
	switch {
	case m == nil:
	case m.leaving && (in.ID == 0 || in.ID == m.id):
		c.endMember(m, nil)
	case !m.leaving && in.ID == 0:
		m.held = false
		c.memberRefused(m, in.Error)
	}
}

// memberFailed takes an error in answer to a member's command, and reports whether
// it was one.
func (c *Core) memberFailed(f *protocol.Failure) bool {
	for _, m := range c.members.order {
		if m.id == f.ID {
			c.memberRefused(m, f.Error)
			return true
		}
	}
	return false
}

func (c *Core) memberRefused(m *member, err *protocol.Error) {
	if err = m.refuse(c, err); err == nil {
		return
	}
	stays := m.held && !m.leaving
	c.endMember(m, err)
	if stays {
		m.leaving = true
		m.renew()
		c.members.add(m.topic, m)
		c.sendMembers()
	}
}

// memberFault takes an error about an update or a signal. Who is not there, since
// its lease is over, enters again.
func (c *Core) memberFault(topic string, err *protocol.Error) {
	m := c.members.joined(topic)
	if m == nil {
		return
	}
	switch {
	case err.Code == protocol.NotFound:
		m.held = false
		m.renew()
	case err.Retryable:
		m.stale = true
	default:
		c.emit(Fault{topic, err})
	}
	if err.Code == protocol.TokenExpired {
		c.expire(err)
	} else {
		m.next = c.now + max(min(err.RetryAfter, day), refusedTime)
	}
	c.sendMembers()
}

// endMember forgets a member, and tells whoever waits, or that it was not asked for.
func (c *Core) endMember(m *member, err *protocol.Error) {
	c.members.remove(m.topic)
	if err != nil && len(m.keys) == 0 && !m.leaving {
		c.emit(Expelled{m.topic, err})
	}
	c.settleMember(m, err)
}

// settleMember answers those who wait.
func (c *Core) settleMember(m *member, err *protocol.Error) {
	for _, key := range m.keys {
		if m.leaving {
			c.emit(Left{key})
		} else {
			c.emit(Entered{key, err})
		}
	}
	m.keys = nil
}

func (c *Core) detachMembers() {
	for _, m := range slices.Clone(c.members.order) {
		m.lost()
		m.known, m.held, m.next = false, false, 0
		if m.leaving {
			c.endMember(m, nil)
		}
	}
}

func (c *Core) closeMembers() {
	for _, m := range c.members.order {
		c.settleMember(m, protocol.Errorf(protocol.Closed, ""))
	}
	c.members = newMembers()
}

// wish is when a member is to be said again.
func (b *members) wish(c *Core) int64 {
	at := Never
	if !c.ready() {
		return at
	}
	for _, m := range b.order {
		at = min(at, m.waits(c))
		if m.stage == granted && m.stale {
			at = min(at, m.next)
		}
	}
	return at
}
