package tutti

import (
	"context"
	"iter"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// From says where reading starts; make one with Newest, Earliest, Last or After.
type From = protocol.From

// Newest starts behind the newest entry.
func Newest() From { return protocol.FromNew() }

// Earliest starts at the oldest entry that is kept.
func Earliest() From { return protocol.FromEarliest() }

// Last starts n entries before the newest.
func Last(n int) From { return protocol.FromLast(uint64(max(n, 0))) }

// After starts behind a position.
func After(p Position) From { return protocol.FromPosition(p) }

// Read yields the topic's entries from a place on, in order, each once, and
// follows: it waits for what comes until the loop ends it or ctx ends. An error
// is yielded last: ctx's, or an [*Error]; position_lost when the log no longer
// holds what comes next. In a namespace with delivery latest, offsets jump where
// entries were skipped. No rights are asked.
func (s *Server) Read(ctx context.Context, topic string, from From) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stream, err := s.hub.Open(ctx, hub.StreamConfig{
			Trusted: true, Topics: []protocol.Subscribe{{Topic: topic, From: from}}, Encoding: hub.Stored,
		})
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer stream.Close()
		if !stream.Starts()[0].Recovered {
			yield(Entry{}, protocol.Errorf(protocol.PositionLost, ""))
			return
		}
		var frames [][]byte
		for {
			batch, err := stream.Next(ctx, frames)
			if err == nil && batch.Lost != nil {
				err = protocol.Errorf(protocol.PositionLost, "")
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			frames = batch.Frames
			if !yieldAll(frames, yield) {
				return
			}
		}
	}
}

// yieldAll yields stored entries; false if the loop has ended.
func yieldAll(frames [][]byte, yield func(Entry, error) bool) bool {
	going := true
	for _, f := range frames {
		hub.EachStored(f, func(stored []byte) bool {
			e, err := protocol.ParseEntry(stored)
			if err != nil {
				err = protocol.Errorf(protocol.Internal, "An entry of the log cannot be read.")
			}
			going = yield(e, err) && err == nil
			return going
		})
		if !going {
			return false
		}
	}
	return true
}
