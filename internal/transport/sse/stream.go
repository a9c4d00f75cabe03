// Package sse serves topics as Server-Sent Events (rules SSE of
// spec/protocol.md), so that a bare EventSource or curl can read them.
//
// A stream costs its request's goroutine and nothing else; its heartbeat is the
// hub's.
package sse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/protocol"
)

// Config says how streams are served.
type Config struct {
	Hub       *hub.Hub
	Heartbeat time.Duration // rule SSE-4; must be set
	Retry     time.Duration // what readers are told to wait before they come back; must be set
	Stall     time.Duration // how long a write may take; must be set
}

// Serve serves one stream until the reader leaves, its token expires, or the
// hub drains. An error of the table comes back only if nothing was written.
// To HEAD it answers with the head alone.
func (c *Config) Serve(w http.ResponseWriter, r *http.Request, req Request, identity auth.Identity, trusted bool) error {
	s := stream{config: c, request: req, control: http.NewResponseController(w), w: w}
	s.encoding = hub.Stored
	if len(req.Topics) == 1 && !req.Wrap {
		s.encoding = hub.Events
	}
	opened, err := c.Hub.Open(r.Context(), hub.StreamConfig{
		Identity: identity, Trusted: trusted, Topics: req.Topics, Encoding: s.encoding, Heartbeat: c.Heartbeat, Cut: s.cut,
		Presence: req.Presence,
		Road:     metrics.Events,
	})
	if err != nil {
		return err
	}
	defer opened.Close()
	defer s.finish()
	s.head()
	if r.Method == http.MethodHead {
		return nil
	}
	s.begin(opened.Starts())
	s.run(r.Context(), opened)
	return nil
}

// Passes says whether an error may be over when the reader comes back. An
// EventSource gives up on every status but 200, so such an error is answered
// by Later (rule SSE-6).
func Passes(err *protocol.Error) bool {
	return err.Retryable && err.Code != protocol.TokenExpired
}

// Later answers with a stream that says when to come back, and ends.
func (c *Config) Later(w http.ResponseWriter, wait time.Duration) {
	s := stream{config: c, w: w}
	s.head()
	_, _ = fmt.Fprintf(w, "retry: %d\n\n", max(wait, c.Retry).Milliseconds()) // the reader may have left
}

// stream writes one response.
type stream struct {
	config   *Config
	request  Request
	encoding hub.Encoding
	control  *http.ResponseController
	w        http.ResponseWriter
	cursor   protocol.Cursor
	buf      []byte

	mu    sync.Mutex // guards ended, and each change of the write deadline
	ended bool       // nothing more may be written
}

// cut makes a write that is under way fail, and the next.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		_ = s.control.SetWriteDeadline(time.Now()) // where it cannot, the write lasts for its time
	}
}

// finish leaves the connection to what comes next on it.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

var errCut = errors.New("sse: the stream was cut")

func (s *stream) head() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s.w.WriteHeader(http.StatusOK)
}

// begin tells where the stream starts, so that a reader that is cut before its
// first entry knows (rule SSE-2), and which topics start anew.
func (s *stream) begin(starts []hub.Start) {
	for _, at := range starts {
		s.cursor = append(s.cursor, at.Position)
	}
	s.buf = fmt.Appendf(s.buf, "retry: %d\nid: %s\n\n", s.config.Retry.Milliseconds(), s.cursor)
	for _, at := range starts {
		if !at.Recovered {
			s.reset(at.Topic)
		}
	}
}

func (s *stream) reset(topic string) {
	data, err := json.Marshal(map[string]any{"topic": topic, "recovered": false})
	if err != nil {
		panic("sse: a string and a bool do not marshal")
	}
	s.buf = appendEvent(s.buf, s.cursor.String(), "tutti:reset", data)
}

// redacted tells of a redaction (rule ADMIN-2). It has no id: the place of the
// stream stays.
func (s *stream) redacted(topic string, offset uint64) {
	data, err := json.Marshal(map[string]any{"topic": topic, "offset": offset})
	if err != nil {
		panic("sse: a string and a number do not marshal")
	}
	s.buf = appendEvent(s.buf, "", "tutti:redacted", data)
}

func (s *stream) run(ctx context.Context, opened *hub.Stream) {
	var frames [][]byte
	for s.flush(nil) == nil {
		batch, err := opened.Next(ctx, frames)
		if err != nil {
			return
		}
		frames = batch.Frames
		switch {
		case batch.Index < 0:
			s.buf = append(s.buf, ":\n\n"...)
		case batch.Presence != nil:
			s.buf = appendEvent(s.buf, "", "tutti:presence", batch.Presence)
		case batch.Redacted > 0:
			s.redacted(s.request.Topics[batch.Index].Topic, batch.Redacted)
		case batch.Lost != nil:
			s.cursor[batch.Index] = batch.Lost.Position
			s.reset(batch.Lost.Topic)
		case s.encoding == hub.Events:
			if s.flush(batch.Frames) != nil {
				return
			}
		default:
			for _, f := range batch.Frames {
				hub.EachStored(f, func(stored []byte) bool { return s.event(batch.Index, stored) })
			}
		}
	}
}

// event adds an entry of one of several topics, or wrapped.
func (s *stream) event(index int, stored []byte) bool {
	e, err := protocol.ParseEntry(stored)
	if err != nil {
		return false
	}
	s.cursor[index] = e.Position()
	if !s.request.Wrap {
		s.buf = appendEvent(s.buf, s.cursor.String(), e.Name, e.Data)
		return true
	}
	s.buf = appendEvent(s.buf, s.cursor.String(), "", protocol.AppendWrapped(nil, s.request.Topics[index].Topic, stored))
	return true
}

// flush writes what was gathered and the frames. It returns what is wrong with
// the connection; a reader that takes nothing for too long is given up.
func (s *stream) flush(frames [][]byte) error {
	if len(s.buf) == 0 && len(frames) == 0 {
		return nil
	}
	if err := s.deadline(time.Now().Add(s.config.Stall)); err != nil {
		return err
	}
	if len(s.buf) > 0 {
		if _, err := s.w.Write(s.buf); err != nil {
			return err
		}
		s.buf = s.buf[:0]
	}
	for _, f := range frames {
		if _, err := s.w.Write(f); err != nil {
			return err
		}
	}
	if err := s.control.Flush(); err != nil {
		return err
	}
	return s.deadline(time.Time{})
}

// deadline bounds the writes that follow. It is taken back after them: over
// HTTP/2 it ends the stream when it passes, even if nothing is being written.
func (s *stream) deadline(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errCut
	}
	if err := s.control.SetWriteDeadline(at); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
