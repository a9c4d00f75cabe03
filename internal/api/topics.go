package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

const maxKeyBytes = 255

type published struct {
	Topic  string `json:"topic"`
	Offset uint64 `json:"offset"`
	Term   string `json:"term,omitzero"`
}

type publishedAll struct {
	Topic string `json:"topic"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Term  string `json:"term,omitzero"`
}

// publish appends an entry, or several together (rules HTTP-1, HTTP-6, KEY-1).
func (s *Server) publish(w http.ResponseWriter, r *http.Request) error {
	identity, key, body, err := s.order(w, r)
	if err != nil {
		return err
	}
	publications, batch, err := protocol.DecodePublications(body, s.config.Limits)
	if err != nil {
		return err
	}
	b := hub.Publications{Identity: identity, Topic: r.PathValue("topic"), Key: key}
	for _, p := range publications {
		b.Entries = append(b.Entries, hub.Message{Name: p.Name, Key: p.Key, Data: p.Data})
	}
	at, err := s.config.Hub.PublishAll(r.Context(), b)
	if err != nil {
		return err
	}
	if !batch {
		return answer(w, http.StatusCreated, published{Topic: b.Topic, Offset: at.Offset, Term: at.Term})
	}
	last := at.Offset + uint64(len(b.Entries)) - 1
	return answer(w, http.StatusCreated, publishedAll{Topic: b.Topic, First: at.Offset, Last: last, Term: at.Term})
}

// body reads a request's body, as long as a frame may be.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	late := time.Now().Add(s.config.Post.HelloTimeout)
	if err := control.SetReadDeadline(late); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.config.Limits.FrameBytes)))
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		return nil, protocol.Errorf(protocol.TooLarge, "The body has more than %d bytes.", big.Limit).Of(protocol.FrameBytesLimit)
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, protocol.Errorf(protocol.HelloTimeout, "The body did not arrive whole in time.").Of(protocol.HelloTimeoutLimit)
	} else if err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "The body did not arrive whole.")
	}
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	s.config.Metrics.Received(len(body))
	return body, nil
}

func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > maxKeyBytes {
		return "", protocol.Errorf(protocol.BadMessage, "Idempotency-Key has 1 to %d characters, and stands once.", maxKeyBytes)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", protocol.Errorf(protocol.BadMessage, "Idempotency-Key is visible ASCII.")
		}
	}
	return key, nil
}

// history reads a page of the log (rule HTTP-2).
func (s *Server) history(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
		return err
	}
	q := protocol.History{Topic: r.PathValue("topic")}
	if q.After, err = offset(r, "after"); err != nil {
		return err
	}
	if q.Before, err = offset(r, "before"); err != nil {
		return err
	}
	if q.After != nil && q.Before != nil {
		return protocol.Errorf(protocol.BadMessage, "Give after or before, not both.")
	}
	if q.Limit, err = limit(r, s.config.Limits.Page, 0); err != nil {
		return err
	}
	page, err := s.config.Hub.History(r.Context(), identity, q)
	if err != nil {
		return err
	}
	body := page.AppendJSON(nil)
	s.config.Metrics.Sent(len(body))
	s.config.Metrics.Delivered(len(page.Entries))
	return s.answerHeld(w, body)
}

// topics lists topics (rule HTTP-3).
func (s *Server) topics(w http.ResponseWriter, r *http.Request) error {
	identity, err := s.visit(r)
	if err != nil {
		return err
	}
	n, err := limit(r, s.config.Limits.Page, 100)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	infos, err := s.config.Hub.Topics(r.Context(), identity, q.Get("prefix"), q.Get("after"), n)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]any{"topics": infos})
}

func offset(r *http.Request, name string) (*uint64, error) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return nil, nil
	}
	n, err := parseOffset(value, name)
	return &n, err
}

func parseOffset(value, name string) (uint64, error) {
	n, err := strconv.ParseUint(value, 10, 53)
	if err != nil {
		return 0, protocol.Errorf(protocol.BadMessage, "%s is an offset.", name)
	}
	return n, nil
}

func limit(r *http.Request, most, otherwise int) (int, error) {
	value := r.URL.Query().Get("limit")
	if value == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, protocol.Errorf(protocol.BadMessage, "limit is a whole number from 1.")
	}
	if n > most {
		return 0, protocol.Errorf(protocol.LimitExceeded, "A page holds at most %d.", most).Of(protocol.PageLimit)
	}
	return n, nil
}
