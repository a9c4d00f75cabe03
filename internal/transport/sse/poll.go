package sse

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/protocol"
)

const (
	defaultWait = 25 * time.Second
	maxWait     = time.Minute
	// pollBytes is at how many bytes a page is long enough; what is left is
	// read by the next request.
	pollBytes = 256 << 10
)

// page is the answer to a long-poll.
type page struct {
	Entries []jsontext.Value `json:"entries"` // {topic, …entry}
	Cursor  string           `json:"cursor"`
	Reset   []string         `json:"reset,omitempty"`
}

// Poll answers GET /v1/poll (rules POLL): the entries behind the request's
// cursor as JSON, at once or when there are some.
func (c *Config) Poll(r *http.Request, identity auth.Identity) ([]byte, error) {
	wait, err := pollWait(r)
	if err != nil {
		return nil, err
	}
	req, err := Parse(r)
	if err != nil {
		return nil, err
	}
	opened, err := c.Hub.Open(r.Context(), hub.StreamConfig{
		Identity: identity, Topics: req.Topics, Encoding: hub.Stored, Road: metrics.LongPoll,
	})
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	if _, resumes := req.Topics[0].From.Position(); !resumes {
		wait = 0
	}
	p := page{Entries: []jsontext.Value{}}
	cursor, err := p.read(r.Context(), opened, req, wait)
	if err != nil {
		return nil, err
	}
	p.Cursor = cursor.String()
	return json.Marshal(p)
}

// pollWait is how long the answer may be held back (rule POLL-1).
func pollWait(r *http.Request) (time.Duration, error) {
	value := r.URL.Query().Get("wait")
	if value == "" {
		return defaultWait, nil
	}
	wait, err := time.ParseDuration(value)
	if err != nil || wait < 0 {
		return 0, protocol.Errorf(protocol.BadMessage, "wait is a duration such as 25s.")
	}
	return min(wait, maxWait), nil
}

// read fills the page and returns the cursor behind it.
func (p *page) read(ctx context.Context, opened *hub.Stream, req Request, wait time.Duration) (protocol.Cursor, error) {
	var cursor protocol.Cursor
	for _, at := range opened.Starts() {
		cursor = append(cursor, at.Position)
		if !at.Recovered {
			p.Reset = append(p.Reset, at.Topic)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	var frames [][]byte
	for bytes := 0; bytes < pollBytes; {
		batch, found, err := opened.Poll(ctx, frames)
		if err != nil {
			return nil, err
		}
		if !found {
			if len(p.Entries) > 0 || len(p.Reset) > 0 || wait == 0 {
				return cursor, nil
			}
			batch, err = opened.Next(waiting, frames)
			if waiting.Err() != nil {
				return cursor, nil
			}
			if err != nil {
				return nil, err
			}
		}
		if batch.Redacted > 0 {
			continue // who reads by polls is not told (rule ADMIN-2)
		}
		frames = batch.Frames
		if batch.Lost != nil {
			cursor[batch.Index] = batch.Lost.Position
			p.Reset = append(p.Reset, batch.Lost.Topic)
			continue
		}
		cursor[batch.Index] = batch.Next
		for _, f := range batch.Frames {
			bytes += len(f)
			hub.EachStored(f, func(stored []byte) bool {
				p.Entries = append(p.Entries, protocol.AppendWrapped(nil, req.Topics[batch.Index].Topic, stored))
				return true
			})
		}
	}
	return cursor, nil
}
