package crdt_test

import (
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/crdt"
	"github.com/tuttisync/tutti/tuttitest"
)

// Deltas go through a topic like any other data; one's own come back, and
// change nothing.
func TestReplicas_through_a_topic(t *testing.T) {
	server := tuttitest.New(t)
	ctx := t.Context()
	devices := []*crdt.GCounter{crdt.NewGCounter(), crdt.NewGCounter(), crdt.NewGCounter()}
	for i, n := range []int{2, 1, 0} {
		topic := server.Client().Topic("visits:page")
		for range n {
			delta, err := devices[i].Increment(1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := topic.Publish(ctx, delta, client.PublishOptions{Timeout: 10 * time.Second}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, device := range devices {
		entries := 0
		for e, err := range server.Client().Topic("visits:page").Read(ctx, tutti.Earliest()) {
			if err != nil {
				t.Fatal(err)
			}
			if err := device.ApplyPayload(e.Data); err != nil {
				t.Fatal(err)
			}
			if entries++; entries == 3 {
				break
			}
		}
		if device.Value() != 3 || !device.Equal(devices[0]) {
			t.Errorf("%s", device.Payload())
		}
	}
}
