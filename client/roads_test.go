package client_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// exchange publishes n entries one after the other and reads them.
func exchange(t *testing.T, c *client.Client, topic string, entries <-chan client.Entry, n int) {
	t.Helper()
	for i := range n {
		ack, err := c.Topic(topic).Publish(t.Context(), i, client.PublishOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if e := receive(t, entries, 1)[0]; e.Offset != ack.Offset || string(e.Data) != fmt.Sprint(i) {
			t.Fatalf("entry %d is %d %s; acknowledged was %d", i, e.Offset, e.Data, ack.Offset)
		}
	}
}

func TestStepDown(t *testing.T) {
	for _, tc := range []struct {
		name, fault string
		blocked     []string
		road        string
		within      time.Duration
	}{
		{"nothing_is_blocked", "", nil, core.RoadWS, 0},
		{"a_proxy_refuses_WebSocket", refuse, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"a_portal_answers_for_WebSocket", portal, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"a_proxy_knows_no_WebSocket", strip, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"a_proxy_buffers", buffer, []string{"/v1/ws", "/v1/sse"}, core.RoadPoll, 30 * time.Second},
		{"a_proxy_buffers_all_streams", buffer, []string{"/v1/sse"}, core.RoadWS, 0},
	} {
		t.Run("CONN-11_"+tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, n := inMemory(t, tutti.Config{Dev: true})
				n.set(tc.fault, tc.blocked...)
				began := time.Now()
				c := n.connect(t, client.Options{})
				awaitRoad(t, c, tc.road)
				if took := time.Since(began); took > tc.within {
					t.Errorf("it took %v to come to %s", took, tc.road)
				}
				exchange(t, c, "t", gather(t, c.Topic("t"), protocol.FromNew()), 10)
				page, err := c.Topic("t").History(t.Context(), client.HistoryOptions{})
				if err != nil || len(page.Entries) != 10 {
					t.Errorf("history: %+v, %v", page, err)
				}
			})
		})
	}
}
