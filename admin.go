package tutti

import (
	"context"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

var program = hub.Admin{Trusted: true}

// Truncate forgets the topic's entries with offsets below before, at most all
// that there are. It is durable when it returns. Readers who were behind are
// told. The error is an [*Error].
func (s *Server) Truncate(ctx context.Context, topic string, before uint64) error {
	_, err := s.hub.Truncate(ctx, program, topic, before)
	return err
}

// Redact erases what the entry at offset says and who published it, for good,
// and keeps its place: readers find it with Redacted set and null as data. It
// is durable when it returns; what was there leaves the disk when the store
// compacts. The error is an [*Error]: not_found, or position_lost if the entry
// is not kept any more.
func (s *Server) Redact(ctx context.Context, topic string, offset uint64) error {
	_, err := s.hub.Redact(ctx, program, topic, offset)
	return err
}

// Disconnect ends all connections and streams of the user sub, and returns how
// many there were. Client libraries stay away, or with comeBack return by
// themselves. It takes no right away: see to that first.
func (s *Server) Disconnect(ctx context.Context, sub string, comeBack bool) (int, error) {
	if sub == "" {
		return 0, protocol.Errorf(protocol.BadMessage, "Say whom to disconnect.")
	}
	return s.hub.Disconnect(ctx, program, protocol.Disconnect{Sub: sub, Return: comeBack})
}
