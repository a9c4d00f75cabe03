package api

import (
	"net/http"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// document tells a document's value, now or as it was (rule DOC-13).
func (s *Server) document(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
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
	return s.answerLong(w, value)
}

// edit takes an operation on a document, or what a text is to be (rules DOC-14,
// TEXT-15 and KEY-1).
func (s *Server) edit(w http.ResponseWriter, r *http.Request) error {
	identity, key, body, err := s.order(w, r)
	if err != nil {
		return err
	}
	operation, err := protocol.DecodeOperation(body, s.config.Limits)
	if err != nil {
		return err
	}
	topic := r.PathValue("topic")
	var at protocol.Position
	if operation.Replace != nil {
		at, err = s.config.Hub.Replace(r.Context(), hub.Replacement{
			Identity: identity, Topic: topic, Base: operation.Base, Text: *operation.Replace, Key: key,
		})
	} else {
		at, err = s.config.Hub.Edit(r.Context(), hub.Operation{
			Identity: identity, Topic: topic, Base: operation.Base, Op: operation.Op, Key: key,
		})
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, published{Topic: topic, Offset: at.Offset, Term: at.Term})
}
