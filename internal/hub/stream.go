package hub

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/protocol"
)

// StreamConfig says what a Stream reads.
type StreamConfig struct {
	Identity  auth.Identity
	Trusted   bool // the embedding program itself: no rights are asked
	Topics    []protocol.Subscribe
	Encoding  Encoding
	Heartbeat time.Duration // how long nothing may be said; 0: for ever
	Road      metrics.Road  // what it is counted as; empty: the program's own
	// Presence says what is told of who is in the topics; empty: nothing.
	Presence PresenceNews
	// Cut, if not nil, makes a write that is under way fail, from any goroutine.
	// It says that what Next returned waits for a peer until the next call.
	Cut func()
}

// PresenceNews is what a stream tells of who is in its topics (rule PRES-18).
type PresenceNews string

// What a stream may tell.
const (
	PresenceList PresenceNews = "list" // who is there, after each change
	PresenceDiff PresenceNews = "diff" // messages: watching, then presence
)

// Stream is a one-way reader of some topics. It is used from one goroutine.
type Stream struct {
	hub    *Hub
	config StreamConfig
	starts []Start
	timer  timer
	news   chan struct{} // holds one token when there is something to do

	mu      sync.Mutex // guards the fields below
	dirty   []*cursor
	cursors []*cursor
	watches []*watch
	rooms   []*watch // with something to tell
	notices []Batch  // to be returned first
	said    time.Time
	silent  bool // nothing was said for the heartbeat interval
	closed  bool
	err     error
	counted int // bytes that the hub holds to its account
}

// Start tells where a topic of a Stream begins.
type Start struct {
	Topic     string
	Position  protocol.Position
	Recovered bool
}

// Batch is what Next found: entries of one topic, a new start, a redaction, who is
// there, or
// (Index -1) that it is time for a sign of life.
type Batch struct {
	Index  int // of the topic in the config
	Frames [][]byte
	Next   protocol.Position // behind the frames
	Lost   *Start
	// Redacted is the offset of an entry that was redacted; 0: none was.
	Redacted uint64
	// Presence is JSON that tells who is in the topic; nil: it tells nothing.
	Presence []byte
}

// Open starts a stream. Whoever opens it closes it.
func (h *Hub) Open(ctx context.Context, config StreamConfig) (*Stream, error) {
	if err := h.Admit(); err != nil && (!config.Trusted || h.closing.Load()) {
		return nil, err
	}
	s := &Stream{hub: h, config: config, news: make(chan struct{}, 1), said: h.now()}
	for i, sub := range config.Topics {
		if err := protocol.CheckTopic(sub.Topic); err != nil {
			s.detach()
			return nil, err
		}
		if !config.Trusted {
			if err := h.allow(ctx, config.Identity, auth.Read, sub.Topic); err != nil {
				s.detach()
				return nil, err
			}
		}
		c, at, err := h.read(ctx, s, config.Encoding, sub)
		if err != nil {
			s.detach()
			return nil, err
		}
		c.index = i
		c.dirty = true
		s.cursors = append(s.cursors, c)
		s.dirty = append(s.dirty, c)
		s.starts = append(s.starts, Start{Topic: sub.Topic, Position: at.position, Recovered: at.recovered})
	}
	if err := s.watchRooms(); err != nil {
		s.detach()
		return nil, err
	}
	s.timer.fire = s.tick
	h.members.add(s)
	h.config.Metrics.Streaming(s.road(), 1)
	s.mu.Lock()
	h.wheel.set(&s.timer, s.deadline())
	s.mu.Unlock()
	s.signal()
	if h.closing.Load() {
		s.drain()
	}
	return s, nil
}

func (s *Stream) road() metrics.Road { return cmp.Or(s.config.Road, metrics.Program) }

// Starts tells where each topic begins.
func (s *Stream) Starts() []Start { return s.starts }

// Close ends the stream.
func (s *Stream) Close() {
	s.mu.Lock()
	s.closed = true
	s.hub.wheel.stop(&s.timer)
	s.mu.Unlock()
	s.hold(0)
	s.detach()
	s.hub.config.Metrics.Streaming(s.road(), -1)
	s.hub.members.remove(s)
}

func (s *Stream) detach() {
	for _, c := range s.cursors {
		c.topic.detach(c)
	}
	for _, w := range s.watches {
		w.end()
	}
}

// Next waits for something to tell. It returns ctx's error, an error of the
// table when the stream has ended (draining, token_expired), or what is wrong
// with the store. frames is reused for the batch.
func (s *Stream) Next(ctx context.Context, frames [][]byte) (Batch, error) {
	for {
		b, found, err := s.Poll(ctx, frames)
		if found || err != nil {
			return b, err
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			return Batch{}, context.Cause(ctx)
		}
	}
}

// Poll is as Next, but does not wait: it says whether there was anything.
func (s *Stream) Poll(ctx context.Context, frames [][]byte) (Batch, bool, error) {
	s.hold(0)
	for {
		s.mu.Lock()
		err, silent := s.err, s.silent
		var c *cursor
		if err == nil && len(s.notices) > 0 {
			notice := s.notices[0]
			s.notices = s.notices[1:]
			s.mu.Unlock()
			s.spoke()
			return notice, true, nil
		}
		if err == nil && len(s.dirty) > 0 {
			c = s.dirty[0]
			s.dirty = s.dirty[1:]
			c.dirty = false
		}
		var w *watch
		if err == nil && c == nil && len(s.rooms) > 0 {
			w = s.rooms[0]
			s.rooms = s.rooms[1:]
			w.dirty = false
		}
		s.mu.Unlock()
		switch {
		case err != nil:
			return Batch{}, false, err
		case w != nil:
			if b, found := s.announce(w); found {
				return b, true, nil
			}
		case c != nil:
			b, err := s.read(ctx, c, frames)
			if err != nil || b.Lost != nil || len(b.Frames) > 0 {
				return b, true, err
			}
		case silent:
			s.spoke()
			return Batch{Index: -1}, true, nil
		default:
			return Batch{}, false, nil
		}
	}
}

func (s *Stream) read(ctx context.Context, c *cursor, frames [][]byte) (Batch, error) {
	frames, n, err := c.collect(ctx, frames[:0], flushBytes, false)
	if err == nil && n.behind {
		frames, n, err = s.fetch(ctx, c, frames)
	}
	if err != nil {
		return Batch{}, s.hub.storeError(err)
	}
	if n.more {
		s.wake(c)
	}
	b := Batch{Index: c.index, Frames: frames}
	if n.lost != nil {
		b.Lost = &Start{Topic: c.topic.name, Position: n.lost.position}
	}
	if len(frames) > 0 || n.lost != nil {
		s.spoke()
		c.topic.mu.Lock()
		b.Next = c.topic.position(c.next - 1)
		c.topic.mu.Unlock()
	}
	s.hub.config.Metrics.Sent(n.bytes)
	s.hub.config.Metrics.Delivered(n.entries)
	s.hold(n.bytes)
	return b, nil
}

// fetch reads from the store, when few enough streams do.
func (s *Stream) fetch(ctx context.Context, c *cursor, frames [][]byte) ([][]byte, news, error) {
	select {
	case s.hub.reads <- struct{}{}:
	case <-ctx.Done():
		return frames, news{}, context.Cause(ctx)
	}
	defer func() { <-s.hub.reads }()
	return c.collect(ctx, frames[:0], flushBytes, true)
}

func (s *Stream) spoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said, s.silent = s.hub.now(), false
}

// deadline is when the next tick is due. s.mu is held.
func (s *Stream) deadline() time.Time {
	at := s.hub.now().Add(time.Hour)
	if s.config.Heartbeat > 0 {
		at = s.said.Add(s.config.Heartbeat)
	}
	if expires := s.config.Identity.Expires; !expires.IsZero() && expires.Before(at) {
		at = expires
	}
	return at
}

func (s *Stream) tick(now time.Time) {
	if expires := s.config.Identity.Expires; !expires.IsZero() && !now.Before(expires) {
		s.fail(protocol.Errorf(protocol.TokenExpired, ""))
		return
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	if s.config.Heartbeat > 0 && !now.Before(s.said.Add(s.config.Heartbeat)) {
		s.silent = true
		s.said = now
	}
	silent := s.silent
	s.hub.wheel.set(&s.timer, s.deadline())
	s.mu.Unlock()
	if silent {
		s.signal()
	}
}

func (s *Stream) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Stream) drain() { s.fail(draining()) }

func (s *Stream) kill() { s.drain() }

func (s *Stream) signal() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// wake puts a cursor among those with something to read.
func (s *Stream) wake(c *cursor) *Conn {
	s.mu.Lock()
	if !c.dirty {
		c.dirty = true
		s.dirty = append(s.dirty, c)
	}
	s.mu.Unlock()
	s.signal()
	return nil
}
