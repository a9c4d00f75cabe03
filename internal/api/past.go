package api

import (
	"net/http"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// changes tells what a document's authors did (rule DOC-35).
func (s *Server) changes(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
		return err
	}
	q := hub.Changes{Identity: identity, Topic: r.PathValue("topic")}
	if q.Before, err = offset(r, "before"); err != nil {
		return err
	}
	if q.Limit, err = limit(r, s.config.Limits.Page, 0); err != nil {
		return err
	}
	page, err := s.config.Hub.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	return s.answerLong(w, page)
}

// blame tells who wrote what of a text (rule TEXT-16).
func (s *Server) blame(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
		return err
	}
	at, err := offset(r, "at")
	if err != nil {
		return err
	}
	b, err := s.config.Hub.Blame(r.Context(), hub.Glance{Identity: identity, Topic: r.PathValue("topic"), At: at})
	if err != nil {
		return err
	}
	return s.answerLong(w, b)
}

// restore makes a text what it was (rule TEXT-17).
func (s *Server) restore(w http.ResponseWriter, r *http.Request) error {
	identity, key, body, err := s.order(w, r)
	if err != nil {
		return err
	}
	asked, err := protocol.DecodeReversion(body)
	if err != nil {
		return err
	}
	to := hub.Reversion{Identity: identity, Topic: r.PathValue("topic"), Version: asked.Version, At: asked.Offset, Key: key}
	at, err := s.config.Hub.Restore(r.Context(), to)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, published{Topic: to.Topic, Offset: at.Offset, Term: at.Term})
}
