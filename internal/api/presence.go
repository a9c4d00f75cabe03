package api

import (
	"net/http"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// attendance tells who is in a topic (rule PRES-16).
func (s *Server) attendance(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
		return err
	}
	n, err := limit(r, s.config.Limits.Page, 100)
	if err != nil {
		return err
	}
	a, err := s.config.Hub.Attendance(r.Context(), identity, r.PathValue("topic"), r.URL.Query().Get("after"), n)
	if err != nil {
		return err
	}
	body, err := encode(a)
	if err != nil {
		return err
	}
	return s.answerHeld(w, body)
}

type heartbeat struct {
	Topic     string `json:"topic"`
	Client    string `json:"client"`
	Lease     int64  `json:"lease"`
	Heartbeat int64  `json:"heartbeat"`
}

// heartbeat enters a member that has no connection, or renews it (rule PRES-17).
func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) error {
	identity, _, body, err := s.order(w, r) // a heartbeat may be repeated as it is
	if err != nil {
		return err
	}
	beat, err := protocol.DecodeHeartbeat(body, s.config.Limits)
	if err != nil {
		return err
	}
	topic, client := r.PathValue("topic"), protocol.ClientID(identity.Sub, protocol.Secret(beat.Client))
	leases, err := s.config.Hub.Beat(r.Context(), identity, hub.Heartbeat{
		Topic: topic, Client: client, State: beat.State, Leave: beat.Leave, Away: beat.Away,
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, heartbeat{Topic: topic, Client: client, Lease: leases.Lease, Heartbeat: leases.Heartbeat})
}
