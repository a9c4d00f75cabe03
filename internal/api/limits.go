package api

import (
	"errors"
	"net/http"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
)

// enter counts a connection, or says why it may not come.
func (s *Server) enter(r *http.Request) (*gate.Visit, error) {
	if err := s.config.Hub.Admit(); err != nil {
		return nil, err
	}
	return s.config.Gate.Enter(s.config.Proxies.ClientOf(r))
}

// ask counts a request that may be answered after a while. A body whose length
// is not told counts as the longest.
func (s *Server) ask(r *http.Request) (*gate.Visit, error) {
	bytes := int(r.ContentLength)
	if bytes < 0 {
		bytes = s.config.Limits.FrameBytes
	}
	return s.config.Gate.Ask(s.config.Proxies.ClientOf(r), bytes)
}

// charge counts a request that is answered at once, with a body of so many
// bytes.
func (s *Server) charge(r *http.Request, identity auth.Identity, bytes int) error {
	return s.config.Gate.Charge(identity.Sub, s.config.Proxies.ClientOf(r), bytes)
}

// breached counts a message of a WebSocket that was too long to be looked at.
func (s *Server) breached(err error) {
	var breach *ws.ProtocolError
	if errors.As(err, &breach) && breach.Limit != "" {
		s.config.Metrics.Told(protocol.Errorf(protocol.TooLarge, "").Of(breach.Limit))
	}
}
