package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// fail answers with an error of the table (rule HTTP-4). An error without a status
// says that whoever asked has left.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err *protocol.Error) {
	if err.Kind().Status == 0 {
		return
	}
	s.config.Metrics.Told(err)
	s.config.Logger.Debug("request failed", "method", r.Method, "path", r.URL.Path, "code", err.Code)
	if err.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt((err.RetryAfter+999)/1000, 10))
	}
	if err.Kind().Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	_ = answer(w, err.Kind().Status, map[string]*protocol.Error{"error": err})
}

func answer(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	return answerJSON(w, status, body)
}

func encode(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // an application's words may be anything
}

// answerLong answers 200 with what may be long.
func (s *Server) answerLong(w http.ResponseWriter, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	s.config.Metrics.Sent(len(body))
	return s.answerHeld(w, body)
}

// answerHeld sends a body that may be long, as far as there is room for it among
// all that waits to be taken (rule LIMIT-12).
func (s *Server) answerHeld(w http.ResponseWriter, body []byte) error {
	release, err := s.config.Hub.Hold(len(body))
	if err != nil {
		return err
	}
	defer release()
	return answerJSON(w, http.StatusOK, body)
}

// answerTime is how long a reader may take over an answer.
const answerTime = 30 * time.Second

func answerJSON(w http.ResponseWriter, status int, body []byte) error {
	err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	return ended(err)
}
