package tutti

import (
	"context"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// Member is one client (a tab, a process) that is in a topic.
type Member = protocol.Member

// Occupancy tells that the first member has entered a topic, or the last has left.
type Occupancy = hub.Occupancy

// OnOccupancyFunc is told when a topic is occupied and when it is vacated, in the
// order of Version. An error lets it be told again; of what happens in one topic
// meanwhile it is told the last.
type OnOccupancyFunc func(ctx context.Context, o Occupancy) error

// Members returns who is in a topic, in the order in which they entered, whatever
// its namespace lists. The states belong to the server: read only.
func (s *Server) Members(topic string) ([]Member, error) {
	a, err := s.hub.Everyone(topic)
	if err != nil {
		return nil, err
	}
	return a.Members, nil
}
