package sse

import (
	"net/http"
	"strconv"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// Request is what a reader asks for.
type Request struct {
	Topics []protocol.Subscribe
	Wrap   bool // rule SSE-5
	// Presence says what is told of who is in the topics (rule PRES-18).
	Presence hub.PresenceNews
}

// Parse reads a request for the topics that its query names.
func Parse(r *http.Request) (Request, error) {
	return ParseFor(r, r.URL.Query()["topic"])
}

// ParseFor reads a request for the given topics (rules SSE-3 and SSE-5).
func ParseFor(r *http.Request, topics []string) (Request, error) {
	q := r.URL.Query()
	switch n := len(topics); {
	case n == 0:
		return Request{}, protocol.Errorf(protocol.BadMessage, "Name at least one topic: ?topic=….")
	case n > protocol.MaxCursorTopics:
		return Request{}, protocol.Errorf(protocol.LimitExceeded, "The stream names %d topics; %d are allowed.", n, protocol.MaxCursorTopics).Of(protocol.TopicsLimit)
	}
	req := Request{Wrap: q.Get("wrap") == "1", Presence: hub.PresenceNews(q.Get("presence"))}
	if p := req.Presence; p != "" && p != hub.PresenceList && p != hub.PresenceDiff {
		return Request{}, protocol.Errorf(protocol.BadMessage, `presence is "list" or "diff".`)
	}
	otherwise := q.Get("else")
	if otherwise != "" && otherwise != "earliest" && otherwise != "new" {
		return Request{}, protocol.Errorf(protocol.BadMessage, `else is "earliest" or "new".`)
	}
	seen := make(map[string]bool, len(topics))
	for _, topic := range topics {
		if seen[topic] {
			return Request{}, protocol.Errorf(protocol.BadMessage, "The stream names a topic twice.")
		}
		seen[topic] = true
		req.Topics = append(req.Topics, protocol.Subscribe{Topic: topic, Else: otherwise})
	}
	return req, start(r, req.Topics)
}

// start finds where the topics start.
func start(r *http.Request, topics []protocol.Subscribe) error {
	q := r.URL.Query()
	cursor := r.Header.Get("Last-Event-ID")
	if cursor == "" {
		cursor = q.Get("cursor")
	}
	var from protocol.From
	switch {
	case cursor != "":
		positions, err := protocol.ParseCursor(cursor, len(topics))
		if err != nil {
			return err
		}
		for i, p := range positions {
			topics[i].From = protocol.FromPosition(p)
		}
		return nil
	case q.Get("last") != "":
		n, err := strconv.ParseUint(q.Get("last"), 10, 53)
		if err != nil {
			return protocol.Errorf(protocol.BadMessage, "last is a whole number.")
		}
		from = protocol.FromLast(n)
	case q.Get("from") == "earliest":
		from = protocol.FromEarliest()
	case q.Get("from") != "" && q.Get("from") != "new":
		return protocol.Errorf(protocol.BadMessage, `from is "earliest" or "new".`)
	}
	for i := range topics {
		topics[i].From = from
	}
	return nil
}
