package hub

import (
	"slices"
	"sync"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
)

// watch is one reader of a room: a version, and at most one word that waits for it
// (rule PRES-10).
type watch struct {
	room   *room
	reader watcher
	index  int // of its topic among its reader's

	// The room's lock guards these.
	opening *opening // it was not told anything yet
	version uint64
	next    *word // to be told; shared
	waiting bool  // it was told all, and stands in room.waiting
	slot    int   // there
	ended   bool

	// The reader's lock guards these.
	dirty  bool
	closed bool
}

// opening is what a watch is to be told first.
type opening struct {
	id    uint64
	since *protocol.PresenceVersion
}

// watcher is what stands behind a watch.
type watcher interface {
	// wakeWatch tells that there is something to say. It returns a connection that
	// a writer must be found for, or nil.
	wakeWatch(*watch) *Conn
}

// word is what a watcher is told: one message, which many share.
type word struct {
	message []byte
	list    bool // it is watching, not presence
	framed  sync.Once
	text    []byte // as a frame of a WebSocket
}

// frame appends the word to frames, as the connection's road has it.
func (w *word) frame(c *Conn, frames [][]byte) ([][]byte, int) {
	if c.encoding != Messages && c.encoding != Deflated {
		framed := c.peer.Frame(nil, w.message)
		return append(frames, framed), len(framed)
	}
	w.framed.Do(func() { w.text = c.peer.Frame(nil, w.message) })
	return append(frames, w.text), len(w.text)
}

// word is what is to be told behind a version, and of signals. r.mu is held.
func (r *room) word(version uint64, signals []protocol.MemberSignal) *word {
	p, ok := r.core.Since(version)
	if !ok {
		return &word{message: protocol.Append(nil, r.list()), list: true}
	}
	p.Topic, p.Time = r.topic, r.now()
	p.Signals = signals
	return &word{message: protocol.Append(nil, &p)}
}

// list is who is there. r.mu is held.
func (r *room) list() *protocol.Watching {
	return &protocol.Watching{
		Topic: r.topic, Epoch: r.epoch, Version: r.core.Version(), Count: r.core.Count(), Users: r.core.Users(),
		Members: r.core.Members(), Left: r.core.Left(), Mode: r.config.mode(), Grace: r.config.grace().Milliseconds(),
	}
}

// first is what a watch is told first (rules PRES-8 and PRES-9). r.mu is held.
func (w *watch) first(o opening) *word {
	r := w.room
	w.version = r.core.Version()
	list := r.list
	if o.since != nil && o.since.Epoch == r.epoch && r.core.Knows(o.since.Version) {
		w.version = o.since.Version
		list = func() *protocol.Watching {
			return &protocol.Watching{
				Topic: r.topic, Epoch: r.epoch, Version: w.version, Recovered: true, Count: r.core.Count(), Users: r.core.Users(),
				Mode: r.config.mode(), Grace: r.config.grace().Milliseconds(),
			}
		}
	}
	told := list()
	told.ID = o.id
	return &word{message: protocol.Append(nil, told)}
}

// collect returns what is to be told, or nil, and then lets the watch wait. Until
// it is told all it is called again.
func (w *watch) collect() *word {
	r := w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	next := w.next
	w.next = nil
	switch {
	case next != nil, w.ended, w.waiting:
		return next
	case w.opening != nil:
		o := *w.opening
		w.opening = nil
		return w.first(o)
	case w.version < r.flushed:
		next = r.word(w.version, nil) // the signals since were called out without it
		w.version = r.core.Version()
		return next
	}
	w.waiting, w.slot = true, len(r.waiting)
	r.waiting = append(r.waiting, w)
	return nil
}

// end takes a watch away. It returns the id of the command that is not answered
// yet, 0 if there is none.
func (w *watch) end() uint64 {
	r := w.room
	r.mu.Lock()
	if w.ended {
		r.mu.Unlock()
		return 0
	}
	w.ended = true
	if r.watchers == 1 {
		r.listed = nil
	}
	unanswered := uint64(0)
	if w.opening != nil {
		unanswered = w.opening.id
	}
	r.watchers--
	if w.waiting {
		last := r.waiting[len(r.waiting)-1]
		r.waiting[w.slot], last.slot = last, w.slot
		r.waiting[len(r.waiting)-1] = nil
		r.waiting = r.waiting[:len(r.waiting)-1]
	}
	r.settle()
	return unanswered
}

// watchRoom opens a watch on a topic's presence. It must be collected first: what it
// is told first is made then, since it may be long.
func (h *Hub) watchRoom(topic string, reader watcher, o opening) (*watch, error) {
	config, err := h.presence(topic)
	if err != nil {
		return nil, err
	}
	r := h.lockRoom(topic, config, true)
	r.watchers++
	r.settle()
	return &watch{room: r, reader: reader, opening: &o, dirty: true}, nil
}

// presence is what the topic's namespace says of presence, or why there is none.
func (h *Hub) presence(topic string) (Presence, error) {
	if err := protocol.CheckTopic(topic); err != nil {
		return Presence{}, err
	}
	namespace, err := h.config.Namespace(topic)
	if err != nil {
		return Presence{}, err
	}
	if namespace.Presence.None {
		return Presence{}, protocol.Errorf(protocol.WrongType, "There is no presence in this namespace.")
	}
	return namespace.Presence, nil
}

// watch lets the connection be told who is in a topic, in place of an older watch.
func (c *Conn) watch(e session.Watch) {
	id, topic := e.Command.ID, e.Command.Topic
	fail := func(err error) {
		if id == 0 {
			c.reply(&protocol.Unwatched{Topic: topic, Error: protocol.AsError(err)})
			return
		}
		c.reply(&protocol.Failure{ID: id, Error: protocol.AsError(err)})
	}
	if err := c.hub.allow(c.hub.ctx, e.Identity, auth.Read, topic); err != nil {
		fail(err)
		return
	}
	limit := c.hub.config.Session.Limits.Topics
	c.mu.Lock()
	full := c.watches[topic] == nil && len(c.watches) >= limit
	c.mu.Unlock()
	if full {
		fail(protocol.Errorf(protocol.LimitExceeded, "A connection may watch %d topics.", limit).Of(protocol.TopicsLimit))
		return
	}
	w, err := c.hub.watchRoom(topic, c, opening{id, e.Command.Since})
	if err != nil {
		fail(err)
		return
	}
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		w.end()
		return
	}
	old := c.watches[topic]
	if old != nil {
		c.forget(old)
	}
	if c.watches == nil {
		c.watches = make(map[string]*watch, 1)
	}
	c.watches[topic] = w
	c.news = append(c.news, w)
	start := !c.paused && c.schedule()
	c.mu.Unlock()
	if old != nil {
		c.finish(old)
	}
	c.queue(start)
}

func (c *Conn) unwatch(command protocol.Unwatch) {
	answer := &protocol.Unwatched{ID: command.ID, Topic: command.Topic}
	if !c.stopWatching(command.Topic, answer) {
		c.reply(answer)
	}
}

// stopWatching ends a watch and says so; false if there is none.
func (c *Conn) stopWatching(topic string, answer *protocol.Unwatched) bool {
	c.mu.Lock()
	w := c.watches[topic]
	if w == nil {
		c.mu.Unlock()
		return false
	}
	c.forget(w)
	delete(c.watches, topic)
	c.mu.Unlock()
	c.finish(w)
	c.reply(answer)
	return true
}

// finish ends a watch that is not told any more. One that was told nothing yet is
// answered.
func (c *Conn) finish(w *watch) {
	if id := w.end(); id != 0 {
		c.reply(&protocol.Unwatched{ID: id, Topic: w.room.topic})
	}
}

// forget makes sure that a watch is not told any more. c.mu is held.
func (c *Conn) forget(w *watch) {
	w.closed = true
	if w.dirty {
		c.news = slices.DeleteFunc(c.news, func(other *watch) bool { return other == w })
	}
}

// wakeWatch puts a watch among those with something to tell.
func (c *Conn) wakeWatch(w *watch) *Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.dirty || w.closed || c.ended {
		return nil
	}
	w.dirty = true
	c.news = append(c.news, w)
	if c.paused || !c.schedule() {
		return nil
	}
	return c
}

// announce gathers what watches have to say, for the flush that took them.
func (c *Conn) announce(frames [][]byte, news []*watch, budget int) (_ [][]byte, bytes int, again []*watch) {
	for i, w := range news {
		if bytes >= max(budget, 1) {
			return frames, bytes, append(again, news[i:]...)
		}
		c.mu.Lock()
		closed := w.closed
		c.mu.Unlock()
		if closed {
			continue
		}
		next := w.collect()
		if next == nil {
			continue
		}
		var n int
		frames, n = next.frame(c, frames)
		bytes += n
		again = append(again, w) // until it waits
	}
	return frames, bytes, again
}
