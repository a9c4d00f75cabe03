package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

// startCentrifuge sets the library up as its examples do: one node, broker and
// presence in memory, JSON, anonymous clients that may subscribe and publish.
// With history a reader can resume without loss, which is what tutti always
// promises.
func startCentrifuge(history bool) (*server, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	var options []centrifuge.PublishOption
	if history {
		options = append(options, centrifuge.WithHistory(historySize, time.Hour))
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: history, EnablePositioning: history}}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			result, err := node.Publish(e.Channel, e.Data, options...)
			reply(centrifuge.PublishReply{Result: &result}, err)
		})
	})
	if err := node.Run(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(centrifugeDialect.path, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{UseWriteBufferPool: true}))
	return &server{
		handler: mux,
		publish: func(topic string, data []byte) error {
			_, err := node.Publish(topic, data, options...)
			return err
		},
		close: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closing)
			defer cancel()
			return node.Shutdown(ctx)
		},
	}, nil
}

// centrifugeDialect sends connect and subscribe as one frame, which the
// protocol allows and saves a round trip.
var centrifugeDialect = dialect{
	path: "/connection/websocket",
	hello: func(_ int, topic string) (frame, answer string) {
		if topic == "" {
			return `{"id":1,"connect":{}}`, `"connect":{`
		}
		return fmt.Sprintf("%s\n"+`{"id":2,"subscribe":{"channel":%q}}`, `{"id":1,"connect":{}}`, topic), `"subscribe":{`
	},
	publish: func(seq int, topic string, data []byte) string {
		return fmt.Sprintf(`{"id":%d,"publish":{"channel":%q,"data":%s}}`, seq+2, topic, data)
	},
	acked: `"publish":{`,
	ping:  `{}`,
	pong:  `{}`,
}
