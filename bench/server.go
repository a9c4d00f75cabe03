package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// server is a server in this process.
type server struct {
	handler http.Handler
	publish func(topic string, data []byte) error // as the embedding program does
	close   func() error
}

// kind is a server that is measured, and how to talk to it.
type kind struct {
	name  string
	about string
	start func() (*server, error)
	dialect
}

// dialect is what a client says in a server's protocol.
type dialect struct {
	path        string
	subprotocol string
	// hello returns the frame that opens the connection of client number n,
	// subscribed to topic unless that is empty, and what stands in the answer
	// that completes it.
	hello func(n int, topic string) (frame, answer string)
	// publish returns the frame that publishes a connection's message number
	// seq, counted from 1.
	publish    func(seq int, topic string, data []byte) string
	acked      string // stands in the answer to it
	ping, pong string // a message that asks for a sign of life, and that sign
}

var kinds = []kind{
	{"tutti", "log in memory, 1,000 entries kept", func() (*server, error) { return startTutti(false) }, tuttiDialect},
	{"tutti, durable", "log on disk, told after its fsync", func() (*server, error) { return startTutti(true) }, tuttiDialect},
	{"centrifuge", "no history: a reconnect may lose messages", func() (*server, error) { return startCentrifuge(false) }, centrifugeDialect},
	{"centrifuge, history", "history of 1,000 in memory, recovery and positioning", func() (*server, error) { return startCentrifuge(true) }, centrifugeDialect},
}

func findKind(name string) (kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = fmt.Sprintf("%q", k.name)
		}
		return kind{}, fmt.Errorf("no server %q; there are %s", name, strings.Join(names, ", "))
	}
	return kinds[i], nil
}
