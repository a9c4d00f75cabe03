package tutti

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tuttisync/tutti/internal/hub"
)

// Document returns the value of a document, as JSON, and the position up to
// which the log is in it: what [Server.Read] yields behind that is not. No
// rights are asked. The error is an [*Error]; wrong_type where the topic's
// namespace has no Type.
func (s *Server) Document(ctx context.Context, topic string) (json.RawMessage, Position, error) {
	v, err := s.hub.Document(ctx, hub.Glance{Trusted: true, Topic: topic})
	if err != nil {
		return nil, Position{}, err
	}
	return json.RawMessage(v.Value), Position{Term: v.Term, Offset: v.Offset}, nil
}

// DocumentAt is Document as of an entry of the log: not_found above the newest,
// position_lost where the log does not reach back.
func (s *Server) DocumentAt(ctx context.Context, topic string, offset uint64) (json.RawMessage, Position, error) {
	v, err := s.hub.Document(ctx, hub.Glance{Trusted: true, Topic: topic, At: &offset})
	if err != nil {
		return nil, Position{}, err
	}
	return json.RawMessage(v.Value), Position{Term: v.Term, Offset: v.Offset}, nil
}

// Edit applies an operation to a document, with all that is in its log as its
// past, and returns its position when it is as durable as the namespace
// promises. op becomes JSON by encoding/json; the packages of the types
// (counter) have operations that do. No rights are asked. The error is an
// [*Error], among them those by which the type refuses the operation, or says
// that op does not become JSON. When ctx ends before the answer the operation
// may still be taken.
func (s *Server) Edit(ctx context.Context, topic string, op any) (Position, error) {
	return s.edit(ctx, topic, nil, op)
}

// EditSince is Edit for an operation whose author had seen the log up to base:
// what came later is concurrent to it.
func (s *Server) EditSince(ctx context.Context, topic string, base uint64, op any) (Position, error) {
	return s.edit(ctx, topic, &base, op)
}

func (s *Server) edit(ctx context.Context, topic string, base *uint64, op any) (Position, error) {
	data, err := marshal(op)
	if err != nil {
		return Position{}, fmt.Errorf("edit %s: %w", topic, err)
	}
	return s.hub.Edit(ctx, hub.Operation{Trusted: true, Topic: topic, Base: base, Op: data})
}

// ReplaceText makes a text another: it edits it by the difference, so that what
// others do at the same time stays. The error is an [*Error]; wrong_type where the
// topic is no document of the type text. All else is as with Edit.
func (s *Server) ReplaceText(ctx context.Context, topic, text string) (Position, error) {
	return s.hub.Replace(ctx, hub.Replacement{Trusted: true, Topic: topic, Text: text})
}

// ReplaceTextSince is ReplaceText by an author who had seen the log up to base: of
// the text as of then the difference is made. position_lost where the log does not
// reach back so far.
func (s *Server) ReplaceTextSince(ctx context.Context, topic string, base uint64, text string) (Position, error) {
	return s.hub.Replace(ctx, hub.Replacement{Trusted: true, Topic: topic, Base: &base, Text: text})
}
