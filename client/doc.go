// Package client is the Go client of a tutti server: topics to read and publish
// to over one connection, which mends itself and loses nothing.
//
//	c, err := client.Connect("https://example.com", client.Options{Token: fetchToken})
//	if err != nil { … }
//	defer c.Close()
//	chat := c.Topic("chat:lobby")
//	unsubscribe := chat.Subscribe(func(e client.Entry) { … }, client.SubscribeOptions{})
//	ack, err := chat.Publish(ctx, map[string]string{"text": "hello"}, client.PublishOptions{})
//
// Connect returns at once. What is published before the connection is up, or
// while it is down, waits and is sent in order when it is back; each entry is
// in the log at most once, and exactly once if it is acknowledged. A
// subscription goes on from its position: each handler gets the entries above
// its start in order, each once.
//
// Where a network lets no WebSocket through, the same connection goes over a
// stream of events or over long-polling, with what is published sent by POST
// (Options.Roads, Status.Road). The client finds that out by itself, also when
// a proxy holds a stream back, and comes back to the better road when that
// opens again. It notices when the machine was asleep; an application that
// hears of a change of the network calls [Client.NetworkChanged]. No road is
// remembered beyond the life of a client.
//
// All methods are safe for concurrent use, also from within handlers. Handlers
// and the functions given to OnStatus and OnEntry are called one at a time, in
// order, from one goroutine of the client's. One that panics is logged and
// stops no other. One that is slow delays the others: up to Options.Buffer
// entries are kept for them, then the client stops reading from the server, so
// that answers wait too, until there is room; a connection that is held so for
// longer than the server's ping and grace is lost, and resumed later, perhaps
// over another road. So a handler that publishes uses [Topic.Enqueue], and does
// not wait for the acknowledgement.
//
// [OpenCounter], [OpenSet], [OpenRecords] and [OpenText] open documents that several people
// change. A change shows at once, on top of what the server has confirmed, and
// the server judges it; it is made on and off the connection alike, and counts
// once. See docs/guides/optimistic.md.
//
// [Topic.Presence] is who is in a topic: the users who are there, their joins and leaves,
// each told once whatever connections and servers do, and what they call to each other.
// A client is there from [Presence.Enter] to [Presence.Leave] or Close, over all
// connections.
//
//	room := c.Topic("room:7").Presence()
//	room.OnJoin(func(u client.User) { … })
//	err := room.Enter(ctx, map[string]any{"typing": false})
//	room.Update(map[string]any{"typing": true})
//
// With Options.Dir a client keeps what is not settled in a directory, stored before
// it is sent, so that it outlives the process: the next client that names the
// directory goes on with it, and nothing is in the log twice. A document that is
// opened with DocumentOptions.Offline is kept there too, and shows what it held, with
// what is pending, before there is a connection. [Client.Outbox] tells what waits, and
// what became of entries whose process is gone; [Client.Forget] erases all of it.
//
//	c, err := client.Connect(address, client.Options{Dir: dir, User: "ann", Token: fetchToken})
//	note := client.OpenText(c, "notes:1", client.DocumentOptions{Offline: true})
//
// Every failure is a [*protocol.Error], or wraps one.
package client
