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
// All methods are safe for concurrent use, also from within handlers. Handlers
// and the functions given to OnStatus and OnEntry are called one at a time, in
// order, from one goroutine of the client's. One that panics is logged and
// stops no other. One that is slow delays the others: up to Options.Buffer
// entries are kept for them, then the client stops reading from the server, so
// that answers wait too, until there is room; a connection that is held so for
// longer than the server's ping and grace is lost, and resumed later. So a
// handler that publishes uses [Topic.Enqueue], and does not wait for the
// acknowledgement.
//
// Every failure is a [*protocol.Error], or wraps one.
package client
