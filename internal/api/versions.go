package api

import (
	"net/http"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

type keptVersion struct {
	Topic string `json:"topic"`
	hub.VersionValue
}

type forgottenVersion struct {
	Topic     string `json:"topic"`
	Name      string `json:"name"`
	Forgotten bool   `json:"forgotten"`
}

// version finds out who asks for which version, without a body.
func (s *Server) version(r *http.Request) (hub.Version, error) {
	identity, err := s.visit(r)
	return versionOf(identity, r), err
}

func versionOf(identity auth.Identity, r *http.Request) hub.Version {
	return hub.Version{Identity: identity, Topic: r.PathValue("topic"), Name: r.PathValue("name")}
}

// keepVersion keeps a document's value under a name (rule DOC-36).
func (s *Server) keepVersion(w http.ResponseWriter, r *http.Request) error {
	identity, _, body, err := s.order(w, r)
	if err != nil {
		return err
	}
	order, err := protocol.DecodeVersionOrder(body)
	if err != nil {
		return err
	}
	v := versionOf(identity, r)
	v.At = order.Offset
	about, created, err := s.config.Hub.KeepVersion(r.Context(), v)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return answer(w, status, keptVersion{v.Topic, *about})
}

// versions lists a document's versions (rule DOC-37).
func (s *Server) versions(w http.ResponseWriter, r *http.Request) error {
	v, err := s.version(r)
	if err != nil {
		return err
	}
	list, err := s.config.Hub.Versions(r.Context(), v)
	if err != nil {
		return err
	}
	return s.answerLong(w, list)
}

// versionValue tells a version (rule DOC-37).
func (s *Server) versionValue(w http.ResponseWriter, r *http.Request) error {
	v, err := s.version(r)
	if err != nil {
		return err
	}
	value, err := s.config.Hub.Version(r.Context(), v)
	if err != nil {
		return err
	}
	return s.answerLong(w, keptVersion{v.Topic, *value})
}

// forgetVersion forgets a version (rule DOC-37).
func (s *Server) forgetVersion(w http.ResponseWriter, r *http.Request) error {
	v, err := s.version(r)
	if err != nil {
		return err
	}
	if err := s.config.Hub.ForgetVersion(r.Context(), v); err != nil {
		return err
	}
	return answer(w, http.StatusOK, forgottenVersion{v.Topic, v.Name, true})
}
