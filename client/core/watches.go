package core

import "github.com/tuttisync/tutti/protocol"

// watch is the wish to be told who is in a topic.
type watch struct {
	wish
	topic string
	since *protocol.PresenceVersion // of what was passed on last; nil: nothing was
}

// watches are those of all topics, in the order in which they were made.
type watches struct {
	table[*watch]
	greeted map[string]bool // topics of this connection's hello that are not answered
}

func newWatches() watches { return watches{newTable[*watch](), map[string]bool{}} }

func (in Watch) apply(c *Core) {
	if err := c.checkPresence(in.Topic); err != nil {
		c.emit(Unwatched{in.Topic, protocol.AsError(err)})
		return
	}
	if c.watches.byTopic[in.Topic] == nil {
		c.watches.add(in.Topic, &watch{topic: in.Topic})
	}
	c.sendWatches()
}

// checkPresence says why nothing can be wanted of a topic.
func (c *Core) checkPresence(topic string) error {
	if c.connection.state == Closed {
		return protocol.Errorf(protocol.Closed, "")
	}
	return protocol.CheckTopic(topic)
}

func (in Unwatch) apply(c *Core) {
	w := c.watches.byTopic[in.Topic]
	if w == nil {
		return
	}
	c.watches.remove(in.Topic)
	if w.stage != unsaid && !c.watches.greeted[in.Topic] {
		c.sendUnwatch(in.Topic)
	}
}

func (c *Core) sendUnwatch(topic string) { c.send(&protocol.Unwatch{ID: c.id(), Topic: topic}) }

// helloWatch says all watches in hello.
func (c *Core) helloWatch() []protocol.Watch {
	var all []protocol.Watch
	for _, w := range c.watches.order {
		c.watches.greeted[w.topic] = true
		all = append(all, protocol.Watch{ID: w.say(0), Topic: w.topic, Since: w.since})
	}
	return all
}

func (c *Core) sendWatches() {
	for _, w := range c.watches.order {
		if w.due(c) {
			c.send(&protocol.Watch{ID: w.say(c.id()), Topic: w.topic, Since: w.since})
		}
	}
}

func (c *Core) watching(m *protocol.Watching) {
	delete(c.watches.greeted, m.Topic) // the answers come in order
	w := c.watches.byTopic[m.Topic]
	switch {
	case w == nil && m.ID == 0:
		c.sendUnwatch(m.Topic)
	case w != nil && (m.ID == 0 || m.ID == w.id):
		w.grant()
		w.since = &protocol.PresenceVersion{Epoch: m.Epoch, Version: m.Version}
		c.emit(Presence{m.Topic, m})
	}
}

// presence passes on what has changed. If it does not follow what was told, the
// topic is watched anew.
func (c *Core) presence(m *protocol.Presence) {
	w := c.watches.byTopic[m.Topic]
	if w == nil || w.stage != granted {
		return
	}
	if m.From != w.since.Version {
		w.renew()
		c.sendWatches()
		return
	}
	w.since = &protocol.PresenceVersion{Epoch: w.since.Epoch, Version: m.Version}
	c.emit(Presence{m.Topic, m})
}

// unwatched takes the end of a watch that nobody asked for.
func (c *Core) unwatched(m *protocol.Unwatched) {
	if m.ID != 0 {
		return
	}
	delete(c.watches.greeted, m.Topic)
	if w := c.watches.byTopic[m.Topic]; w != nil {
		c.watchRefused(w, m.Error)
	}
}

// watchFailed takes an error in answer to a watch, and reports whether it was one.
func (c *Core) watchFailed(m *protocol.Failure) bool {
	for _, w := range c.watches.order {
		if w.id == m.ID {
			delete(c.watches.greeted, w.topic)
			c.watchRefused(w, m.Error)
			return true
		}
	}
	return false
}

func (c *Core) watchRefused(w *watch, err *protocol.Error) {
	if err = w.refuse(c, err); err != nil {
		c.watches.remove(w.topic)
		c.emit(Unwatched{w.topic, err})
	}
}

func (b *watches) detach() {
	clear(b.greeted)
	for _, w := range b.order {
		w.lost()
	}
}

// wish is when a watch is to be said again.
func (b *watches) wish(c *Core) int64 {
	at := Never
	if c.ready() {
		for _, w := range b.order {
			at = min(at, w.waits(c))
		}
	}
	return at
}
