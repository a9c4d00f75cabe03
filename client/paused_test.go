package client_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// pausable is the link of a client that reads a stream of events: it lets through no
// entry above an offset, and holds what the client says while it is told to. What
// the server says waits here, so that nobody falls behind.
type pausable struct {
	http.RoundTripper

	mu     sync.Mutex // guards what follows
	moved  *sync.Cond // on mu
	offset uint64     // up to which entries pass
	silent bool       // commands are held
}

func newPausable() *pausable {
	l := &pausable{RoundTripper: &http.Transport{}}
	l.moved = sync.NewCond(&l.mu)
	return l
}

// pass lets entries through up to an offset.
func (l *pausable) pass(offset uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offset = max(l.offset, offset)
	l.moved.Broadcast()
}

// hold holds commands, or lets them go.
func (l *pausable) hold(silent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = silent
	l.moved.Broadcast()
}

// RoundTrip implements http.RoundTripper.
func (l *pausable) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/v1/commands") {
		l.mu.Lock()
		for l.silent {
			l.moved.Wait()
		}
		l.mu.Unlock()
	}
	answer, err := l.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/v1/sse") && answer.StatusCode == http.StatusOK {
		s := l.stream(answer.Body)
		context.AfterFunc(r.Context(), s.shut)
		answer.Body = s
	}
	return answer, err
}

// pausedStream is the body of a stream of events that a link has paused.
type pausedStream struct {
	link    *pausable
	body    io.Closer
	pumping sync.WaitGroup

	// The link's mu guards what follows.
	events []heldEvent
	rest   []byte // of the event that is being read
	err    error
	closed bool
}

type heldEvent struct {
	offset uint64 // of an entry; 0: it is none
	text   []byte
}

func (l *pausable) stream(body io.ReadCloser) *pausedStream {
	s := &pausedStream{link: l, body: body}
	s.pumping.Go(func() { s.pump(bufio.NewReader(body)) })
	return s
}

// pump takes in all that the server says.
func (s *pausedStream) pump(in *bufio.Reader) {
	var e heldEvent
	for {
		line, err := in.ReadBytes('\n')
		e.text = append(e.text, line...)
		if data, is := bytes.CutPrefix(line, []byte("data: ")); is {
			var m struct {
				Type   string `json:"type"`
				Offset uint64 `json:"offset"`
			}
			if json.Unmarshal(data, &m) == nil && m.Type == "entry" {
				e.offset = m.Offset
			}
		}
		if err == nil && len(line) > 1 {
			continue
		}
		s.link.mu.Lock()
		s.events, s.err = append(s.events, e), err
		s.link.moved.Broadcast()
		s.link.mu.Unlock()
		if e = (heldEvent{}); err != nil {
			return
		}
	}
}

func (s *pausedStream) Read(p []byte) (int, error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for len(s.rest) == 0 {
		switch {
		case s.closed:
			return 0, io.ErrClosedPipe
		case len(s.events) > 0 && s.events[0].offset <= s.link.offset:
			s.rest, s.events = s.events[0].text, s.events[1:]
		case s.err != nil: // what is held is lost
			return 0, s.err
		default:
			s.link.moved.Wait()
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *pausedStream) Close() error {
	err := s.body.Close()
	s.pumping.Wait()
	s.shut()
	return err
}

// shut lets nothing more be read.
func (s *pausedStream) shut() {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.closed = true
	s.link.moved.Broadcast()
}
