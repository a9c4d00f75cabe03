package api

import (
	"net/http"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// document tells a document's value, now or as it was (rule DOC-13).
func (s *Server) document(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	if err := s.charge(r, identity, 0); err != nil {
		return err
	}
	at, err := offset(r, "at")
	if err != nil {
		return err
	}
	value, err := s.config.Hub.Document(r.Context(), hub.Glance{Identity: identity, Topic: r.PathValue("topic"), At: at})
	if err != nil {
		return err
	}
	body, err := encode(value)
	if err != nil {
		return err
	}
	s.config.Metrics.Sent(len(body))
	return s.answerHeld(w, body)
}

// edit takes an operation on a document (rules DOC-14 and KEY-1).
func (s *Server) edit(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.identify(r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	body, err := s.body(w, r)
	if err != nil {
		return err
	}
	if err := s.charge(r, identity, len(body)); err != nil {
		return err
	}
	operation, err := protocol.DecodeOperation(body, s.config.Limits)
	if err != nil {
		return err
	}
	o := hub.Operation{Identity: identity, Topic: r.PathValue("topic"), Base: operation.Base, Op: operation.Op, Key: key}
	at, err := s.config.Hub.Edit(r.Context(), o)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, published{Topic: o.Topic, Offset: at.Offset, Term: at.Term})
}
