package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/centrifugal/centrifuge"

	"github.com/tuttisync/tutti/internal/load"
)

// aside is a channel without presence, for those who are not in the room.
const aside = namespace + ":aside"

// startCentrifuge sets the library up as its examples do: one node, broker and
// presence in memory, JSON. What a client says of itself when it connects is its
// info in lists of who is there. Joins and leaves are not told. What may wait for a
// client is more than by default, 1 MB, since a list of 10,000 is longer.
func startCentrifuge() (*server, error) {
	node, err := centrifuge.New(centrifuge.Config{ClientQueueMaxSize: load.MaxFrame})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{Info: e.Data}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(e centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EmitPresence: e.Channel == room}}, nil)
		})
		c.OnPresence(func(_ centrifuge.PresenceEvent, reply centrifuge.PresenceCallback) {
			reply(centrifuge.PresenceReply{}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			result, err := node.Publish(e.Channel, e.Data)
			reply(centrifuge.PublishReply{Result: &result}, err)
		})
	})
	if err := node.Run(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(centrifugeDialect.path, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{UseWriteBufferPool: true}))
	return &server{handler: mux, close: func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		return node.Shutdown(ctx)
	}}, nil
}

var centrifugeDialect = dialect{
	path: "/connection/websocket",
	hello: func(n int, as role) (frame, answer string) {
		channel := room
		if as == reader {
			channel = aside
		}
		frame = fmt.Sprintf(`{"id":1,"connect":{"data":%s}}`+"\n"+`{"id":2,"subscribe":{"channel":%q}}`, firstState(n), channel)
		if as == asker {
			return frame + "\n" + fmt.Sprintf(`{"id":3,"presence":{"channel":%q}}`, room), `"presence":{`
		}
		return frame, `"subscribe":{`
	},
	update: func(_, seq int, state []byte) []byte {
		return fmt.Appendf(nil, `{"id":%d,"publish":{"channel":%q,"data":%s}}`, seq+3, room, state)
	},
	ping: `{}`,
	pong: `{}`,
}
