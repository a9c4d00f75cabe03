package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/tuttisync/tutti/protocol"
)

// Read yields the topic's entries from where from says, and goes on with new
// ones as they come. It ends, with an error behind the last entry, when ctx is
// done, when the client is closed, when the server ends the subscription, or
// when what was read up to is lost (position_lost). A loop that is slow holds
// up the client's handlers, so none of them may run one.
func (t *Topic) Read(ctx context.Context, from protocol.From) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stop := make(chan struct{})
		entries := make(chan Entry)
		failure := make(chan error, 1)
		fail := func(err error) {
			select {
			case failure <- err:
			default:
			}
		}
		lost := false
		unsubscribe := t.Subscribe(func(e Entry) {
			if lost {
				return
			}
			select {
			case entries <- e:
			case <-stop:
			}
		}, SubscribeOptions{
			From: from,
			Started: func(s Start) {
				if !s.Recovered {
					lost = true
					fail(protocol.Errorf(protocol.PositionLost, ""))
				}
			},
			Failed: fail,
		})
		defer unsubscribe()
		defer close(stop)
		for {
			select {
			case err := <-failure:
				yield(Entry{}, err)
				return
			default:
			}
			select {
			case e := <-entries:
				if !yield(e, nil) {
					return
				}
			case err := <-failure:
				yield(Entry{}, err)
				return
			case <-ctx.Done():
				yield(Entry{}, fmt.Errorf("read the topic: %w: %w", ctx.Err(), protocol.Errorf(protocol.Aborted, "")))
				return
			case <-t.client.done:
				yield(Entry{}, protocol.Errorf(protocol.Closed, ""))
				return
			}
		}
	}
}
