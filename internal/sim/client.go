package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// client drives one core, as an application and its platform would.
type client struct {
	world    *World
	id       int
	core     *core.Core
	link     *link
	timer    int // counts wishes; older ones are void
	state    core.State
	handlers map[uint64]*handler
	keys     uint64
	sent     map[uint64]*promise
	order    []uint64      // keys of sent
	writer   *writer       // of the text; nil: it writes messages
	attendee *attendee     // nil: it takes no notice of who is there
	away     time.Duration // until when there is no network
}

// promise is one publish.
type promise struct {
	topic   string
	data    string
	deep    bool // deeper than the server takes
	settled int
	at      protocol.Position
	err     *protocol.Error
	unsure  bool
}

var (
	opened = core.Opened{}
	topics = []string{"chat:a", "chat:b", "plain"}
)

func lost(code int) core.Input { return core.Lost{Code: code} }

func (w *World) join(id int) {
	c := &client{world: w, id: id, handlers: make(map[uint64]*handler), sent: make(map[uint64]*promise)}
	secrets := 0
	c.core = core.New(core.Options{
		Token:  core.TokenFunction,
		Random: w.rng.Float64,
		Secret: func() protocol.Secret {
			secrets++
			seed := fmt.Sprintf("client %02d secret %02d..", id, secrets)
			secret, err := protocol.NewSecret(strings.NewReader(seed), w.Now())
			if err != nil {
				panic(err)
			}
			return secret
		},
	})
	w.clients = append(w.clients, c)
	w.after(w.between(0, time.Second), func() { c.step(core.Connect{}) })
	if w.meeting {
		c.attend()
		return
	}
	if !w.writing {
		w.after(w.between(0, time.Second), c.live)
		return
	}
	c.writer = newWriter(c)
	w.after(w.between(0, time.Second), func() {
		c.step(core.Subscribe{Handler: textHandler, Topic: textTopic, Doc: "text"})
		c.writer.scribble()
	})
}

// step moves the core and carries its effects out.
func (c *client) step(in core.Input) {
	w := c.world
	if c.state == core.Closed {
		return
	}
	if c.writer != nil {
		c.writer.amend()
		defer c.writer.amend()
	}
	effects := c.core.Step(w.now.Milliseconds(), in)
	w.tell("client %d: %T %s", c.id, in, summary(effects))
	for _, e := range effects {
		switch e := e.(type) {
		case core.Status:
			c.state = e.State
			if c.writer != nil && e.State == core.Live {
				c.writer.identify()
			}
			if e.State == core.Parked {
				w.after(w.between(0, 2*time.Second), func() { c.step(core.Connect{}) })
			}
		case core.AskToken:
			w.after(w.between(0, 300*time.Millisecond), func() {
				if w.fault(0.1) {
					c.step(core.TokenFailed{Message: "no luck"})
				} else {
					c.step(core.Token{Token: fmt.Sprintf("user%d", c.id%2)})
				}
			})
		case core.Open:
			c.dial()
		case core.Send:
			if c.link != nil {
				c.link.send(e.Frame)
			}
		case core.Shut:
			if c.link != nil {
				c.link.leave()
				c.link = nil
			}
		case core.Started:
			if c.writer != nil {
				c.writer.identify()
				continue
			}
			c.handlers[e.Handler].start(e)
		case core.Snapshot:
			c.writer.show(e)
		case core.Sent:
			if c.writer != nil {
				c.writer.sent(e)
			}
		case core.Outdated:
			c.writer.outdated(e)
		case core.Deliver:
			if c.writer != nil {
				w.ledger.check(e.Topic, e.Entry)
				c.writer.receive(e.Entry)
				continue
			}
			for _, h := range e.Handlers {
				c.handlers[h].take(e.Entry)
			}
		case core.Failed:
			if c.writer != nil {
				c.writer.fault("lost the text: %v", e.Err)
				continue
			}
			c.handlers[e.Handler].left = true
		case core.Settled:
			if c.writer != nil {
				c.writer.settled(e)
				continue
			}
			p := c.sent[e.Key]
			p.settled++
			p.at, p.err, p.unsure = e.Position, e.Err, e.Unconfirmed
			w.ledger.acknowledge(p.topic, p)
		case core.Presence, core.Entered, core.Expelled, core.Unwatched, core.Fault:
			c.attendee.take(e)
		case core.Wait:
			c.wait(e.Until)
		}
	}
}

func summary(effects []core.Effect) string {
	var b strings.Builder
	for _, e := range effects {
		fmt.Fprintf(&b, " %T", e)
		if s, ok := e.(core.Status); ok {
			fmt.Fprintf(&b, "(%s %v)", s.State, s.Err)
		}
		if s, ok := e.(core.Send); ok {
			fmt.Fprintf(&b, "(%s)", s.Frame)
		}
	}
	return b.String()
}

func (c *client) wait(until int64) {
	c.timer++
	mine := c.timer
	if until == core.Never {
		return
	}
	c.world.at(time.Duration(until)*time.Millisecond, func() {
		if mine == c.timer {
			c.step(core.Tick{})
		}
	})
}

// hear passes one message of the server on.
func (c *client) hear(message []byte) {
	m, err := core.DecodeMessage(jsontext.Value(message))
	if err != nil {
		panic(fmt.Sprintf("the server said what is no message: %s: %v", message, err))
	}
	if m != nil {
		c.step(core.Message{Message: m})
	}
}

// live is what the application does, now and then.
func (c *client) live() {
	w := c.world
	if w.healed {
		return
	}
	switch w.rng.IntN(10) {
	case 0, 1:
		c.subscribe()
	case 2:
		for _, h := range sortedHandlers(c.handlers) {
			if !h.left && w.chance(0.3) {
				h.left = true
				c.step(core.Unsubscribe{Handler: h.id})
				c.step(core.Unsubscribe{Handler: h.id})
				break
			}
		}
	case 3:
		if len(c.order) > 0 {
			c.step(core.Abort{Key: c.order[w.rng.IntN(len(c.order))]})
		}
	case 4:
		c.step(core.Wake{})
	default:
		for range 1 + w.rng.IntN(8) {
			c.publish()
		}
	}
	w.after(w.between(0, 2*time.Second), c.live)
}

func (c *client) subscribe() {
	w := c.world
	h := &handler{client: c, id: uint64(len(c.handlers) + 1), topic: topics[w.rng.IntN(len(topics))]}
	c.handlers[h.id] = h
	from := protocol.FromNew()
	switch w.rng.IntN(3) {
	case 0:
		from = protocol.FromEarliest()
	case 1:
		from = protocol.FromLast(uint64(w.rng.IntN(30)))
	}
	c.step(core.Subscribe{Handler: h.id, Topic: h.topic, From: from})
}

func (c *client) publish() {
	w := c.world
	c.keys++
	p := &promise{topic: topics[w.rng.IntN(len(topics))], data: fmt.Sprintf(`"%d/%d"`, c.id, c.keys)}
	if w.chance(0.03) {
		p.deep, p.data = true, strings.Repeat("[", 70)+p.data+strings.Repeat("]", 70)
	}
	var timeout int64
	if w.chance(0.1) {
		timeout = w.rng.Int64N(5000)
	}
	c.sent[c.keys] = p
	c.order = append(c.order, c.keys)
	c.step(core.Publish{Key: c.keys, Topic: p.topic, Data: jsontext.Value(p.data), Timeout: timeout})
}
