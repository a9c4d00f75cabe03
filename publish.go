package tutti

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti/internal/hub"
)

// Publish appends m to the topic and returns its position when it is as durable
// as the namespace promises. No rights are asked. The error is an [*Error], or
// says that m.Data does not become JSON. When ctx ends before the answer the
// entry may still be taken.
func (s *Server) Publish(ctx context.Context, topic string, m Message) (Position, error) {
	data, err := marshal(m.Data)
	if err != nil {
		return Position{}, fmt.Errorf("publish to %s: %w", topic, err)
	}
	return s.hub.Publish(ctx, hub.Publication{Trusted: true, Topic: topic, Name: m.Name, Label: m.Key, Data: data})
}

// PublishAll appends 1 to 1,000 messages to the topic, one right behind the
// other and all or none, and returns the positions of the first and the last.
// Otherwise it is like [Server.Publish].
func (s *Server) PublishAll(ctx context.Context, topic string, messages ...Message) (first, last Position, err error) {
	b := hub.Publications{Trusted: true, Topic: topic}
	for _, m := range messages {
		data, err := marshal(m.Data)
		if err != nil {
			return Position{}, Position{}, fmt.Errorf("publish to %s: %w", topic, err)
		}
		b.Entries = append(b.Entries, hub.Message{Name: m.Name, Key: m.Key, Data: data})
	}
	first, err = s.hub.PublishAll(ctx, b)
	if err != nil {
		return Position{}, Position{}, err
	}
	return first, Position{Term: first.Term, Offset: first.Offset + uint64(len(messages)) - 1}, nil
}
