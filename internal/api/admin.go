package api

import (
	"net/http"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

type redacted struct {
	Topic    string `json:"topic"`
	Offset   uint64 `json:"offset"`
	Term     string `json:"term"`
	Redacted bool   `json:"redacted"`
}

// truncate forgets a topic's older entries (rule ADMIN-1).
func (s *Server) truncate(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	before, err := offset(r, "before")
	if err != nil {
		return err
	}
	if before == nil {
		return protocol.Errorf(protocol.BadMessage, "Say before which offset.")
	}
	info, err := s.config.Hub.Truncate(r.Context(), hub.Admin{Identity: identity}, r.PathValue("topic"), *before)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, info)
}

// redact erases what an entry says (rule ADMIN-2).
func (s *Server) redact(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	offset, err := parseOffset(r.PathValue("offset"), "The last part of the path")
	if err != nil {
		return err
	}
	topic := r.PathValue("topic")
	at, err := s.config.Hub.Redact(r.Context(), hub.Admin{Identity: identity}, topic, offset)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, redacted{Topic: topic, Offset: at.Offset, Term: at.Term, Redacted: true})
}

// disconnect ends connections (rule ADMIN-3).
func (s *Server) disconnect(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	body, err := s.body(w, r)
	if err != nil {
		return err
	}
	who, err := protocol.DecodeDisconnect(body)
	if err != nil {
		return err
	}
	n, err := s.config.Hub.Disconnect(r.Context(), hub.Admin{Identity: identity}, who)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]int{"connections": n})
}
