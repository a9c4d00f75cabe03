package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/transport/sse"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
)

// peer is a WebSocket as the hub sees it. What is said to it alone is not
// compressed.
type peer struct{ *ws.Conn }

func (peer) Frame(dst, message []byte) []byte { return ws.AppendText(dst, message) }

// webSocket upgrades, and leaves the connection to a goroutine of its own, so
// that net/http can let go of its buffers.
func (s *Server) webSocket(w http.ResponseWriter, r *http.Request) error {
	visit, err := s.enter(r)
	if err != nil {
		return err
	}
	conn, err := ws.Upgrade(w, r, s.config.WS)
	if err != nil {
		visit.Leave()
		return answerable(err)
	}
	encoding := hub.Messages
	if conn.Deflated() {
		encoding = hub.Deflated
	}
	c := s.config.Hub.Accept(peer{conn}, hub.Opening{Request: s.asked(r), Encoding: encoding, Visit: visit})
	s.config.Hub.Go(func() {
		defer c.Closed()
		err := conn.Serve(func(message []byte) error {
			c.Receive(message)
			c.Wait()
			return nil
		})
		s.breached(err)
		s.config.Logger.Debug("connection ended", "session", c.ID(), "cause", err)
	})
	return nil
}

// asked is what the hook Authenticate sees of a request; nil if there is none.
func (s *Server) asked(r *http.Request) *http.Request {
	if !s.config.Hub.AsksRequests() {
		return nil
	}
	return forAuthenticate(r)
}

// answerable passes over an error of the connection, which is gone.
func answerable(err error) error {
	if own := (*protocol.Error)(nil); errors.As(err, &own) {
		return own
	}
	return nil
}

// forAuthenticate keeps of a request what the hook Authenticate may want, and
// nothing that holds the connection's memory.
func forAuthenticate(r *http.Request) *http.Request {
	return &http.Request{
		Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: r.Header, Host: r.Host, RemoteAddr: r.RemoteAddr, TLS: r.TLS, Body: http.NoBody,
	}
}

// events serves a stream of Server-Sent Events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	visit, err := s.enter(r)
	if err != nil {
		return s.later(w, err)
	}
	defer visit.Leave()
	identity, err := s.identify(r)
	if err != nil {
		return s.later(w, err)
	}
	req, err := sse.Parse(r)
	if err != nil {
		return err
	}
	if err := visit.Identify(identity.Sub); err != nil {
		return s.later(w, err)
	}
	return s.later(w, s.config.SSE.Serve(w, r, req, identity, false))
}

// poll answers a long-poll.
func (s *Server) poll(w http.ResponseWriter, r *http.Request) error {
	visit, err := s.ask(r)
	if err != nil {
		return err
	}
	defer visit.Leave()
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	if err := visit.Identify(identity.Sub); err != nil {
		return err
	}
	page, err := s.config.SSE.Poll(r, identity)
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, page)
}

// later answers an error that may pass, and returns any other.
func (s *Server) later(w http.ResponseWriter, err error) error {
	if err == nil {
		return nil
	}
	e := protocol.AsError(err)
	if !sse.Passes(e) {
		return e
	}
	s.config.Metrics.Told(e)
	s.config.SSE.Later(w, time.Duration(e.RetryAfter)*time.Millisecond)
	return nil
}

// Stream serves the given topics as Server-Sent Events to whoever is let
// through to it: no rights are asked.
func (s *Server) Stream(topics []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := sse.ParseFor(r, topics)
		if err == nil {
			err = s.later(w, s.config.SSE.Serve(w, r, req, auth.Identity{}, true))
		}
		if err != nil {
			s.fail(w, r, protocol.AsError(err))
		}
	})
}
