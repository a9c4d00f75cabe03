package client

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// own is what this client wants to be in a topic.
type own struct {
	since time.Time // zero: nothing
	state jsontext.Value
}

// Enter makes this client a member of the topic, with a state, as JSON; nil is none.
// It waits until the server says so, over however many connections that takes. From
// then on the client is a member on every connection, until Leave. Entering again is
// to set the state. The error is a [*protocol.Error]; when ctx is done first, it wraps
// ctx's, and the client still enters when it can, unless it leaves.
func (p *Presence) Enter(ctx context.Context, state any) error {
	raw, err := marshalState(state)
	if err != nil {
		return err
	}
	return p.ask(ctx, "enter", func(key uint64) core.Input {
		p.be(own{time.Now(), raw})
		return core.Enter{Key: key, Topic: p.topic, State: raw}
	})
}

// Leave ends the membership at once. It waits until the server says so; without a
// connection there is none to end. When ctx is done first, the error wraps ctx's, and
// the client still leaves.
func (p *Presence) Leave(ctx context.Context) error {
	return p.ask(ctx, "leave", func(key uint64) core.Input {
		p.be(own{})
		return core.Leave{Key: key, Topic: p.topic}
	})
}

// Update changes the own state: of a JSON object the members are put into the object
// that the state is, anything else takes its place. It does not wait; of several
// updates within 50 ms the latest is sent. The error is not_found if the client has
// not entered, or says that the state is no JSON; what the server has against it goes
// to OnError.
func (p *Presence) Update(state any) error {
	patch, err := marshalState(state)
	if err != nil {
		return err
	}
	return p.speak(func(me own) core.Input {
		me.state = merge(me.state, patch)
		p.be(me)
		return core.Update{Topic: p.topic, State: me.state}
	})
}

// Signal calls something out to all who watch the topic, this client too: data, as
// JSON; nil is none. It does not wait, and is not kept: without a connection it is
// lost. So are those beyond what the server calls out between two ticks (20 and 8 KiB
// of a member): nothing tells so, and the client's updates then wait a second. The
// error is not_found if the client has not entered, or says that the data is no JSON;
// what else is wrong with it goes to OnError.
func (p *Presence) Signal(name string, data any) error {
	raw, err := marshalState(data)
	if err != nil {
		return err
	}
	return p.speak(func(own) core.Input { return core.Signal{Topic: p.topic, Name: name, Data: raw} })
}

// Me returns this client as a member, with the state that it was last given, whether
// or not the server has it. It is false if the client has not entered. Its id is empty
// before a server has told it.
func (p *Presence) Me() (Member, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own.since.IsZero() {
		return Member{}, false
	}
	me := Member{Client: p.client.ID(), Since: p.own.since}
	if told, ok := p.view.Member(me.Client); ok {
		me = memberOf(told)
	}
	me.State = p.own.state
	return me, true
}

// be changes what this client is, and tells of it, unless a call that is to do so waits.
func (p *Presence) be(me own) {
	p.mu.Lock()
	p.own = me
	users := p.list()
	p.mu.Unlock()
	if !p.moved.Swap(true) {
		p.client.dispatcher.add(func() { p.moved.Store(false) })
		tell(p.client, &p.listed, users)
	}
}

// ask says something that is answered, and waits for the answer.
func (p *Presence) ask(ctx context.Context, what string, in func(key uint64) core.Input) error {
	c, key := p.client, p.client.numbers.Add(1)
	answer := make(chan *protocol.Error, 1)
	if !c.run(func() {
		c.asked[key] = question{p, answer}
		c.step(in(key))
	}) {
		return protocol.Errorf(protocol.Closed, "")
	}
	select {
	case err := <-answer:
		if err != nil {
			return err
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w: %w", what, ctx.Err(), protocol.Errorf(protocol.Timeout, ""))
	}
}

// speak says something as a member.
func (p *Presence) speak(in func(me own) core.Input) error {
	err := protocol.Errorf(protocol.Closed, "")
	p.client.run(func() {
		if p.own.since.IsZero() {
			err = protocol.Errorf(protocol.NotFound, "The client has not entered the topic.")
			return
		}
		err = nil
		p.client.step(in(p.own))
	})
	if err != nil {
		return err
	}
	return nil
}

// question is an enter or a leave that is not answered.
type question struct {
	presence *Presence
	answer   chan<- *protocol.Error
}

// answerQuestion takes the answer to an enter or a leave.
func (c *Client) answerQuestion(key uint64, err *protocol.Error) {
	q := c.asked[key]
	delete(c.asked, key)
	// One that was aborted has left since, and may have entered again.
	if err != nil && err.Code != protocol.Aborted {
		q.presence.be(own{})
	}
	q.answer <- err
}

func (c *Client) expelled(e core.Expelled) {
	p := c.inTopic(e.Topic)
	p.be(own{})
	p.fault(e.Err)
}

func marshalState(state any) (jsontext.Value, error) {
	if state == nil {
		return nil, nil
	}
	raw, err := marshal(state)
	if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "The state is not JSON: %v", err)
	}
	return raw, nil
}

// merge puts the members of an object into another; anything else takes its place.
func merge(state, patch jsontext.Value) jsontext.Value {
	if state.Kind() != '{' || patch.Kind() != '{' {
		return patch
	}
	var merged map[string]jsontext.Value
	for _, part := range []jsontext.Value{state, patch} {
		if err := json.Unmarshal(part, &merged); err != nil {
			panic("client: merge states: " + err.Error())
		}
	}
	raw, err := json.Marshal(merged, json.Deterministic(true))
	if err != nil {
		panic("client: merge states: " + err.Error())
	}
	return raw
}
