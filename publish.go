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
