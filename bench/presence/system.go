package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	namespace = "bench"
	room      = namespace + ":room"
	closing   = 5 * time.Second
)

// system is a server that is measured, and how to talk to it.
type system struct {
	name  string
	label string
	start func() (*server, error) // nil: it is no program in Go
	dialect
}

// server is a server in this process.
type server struct {
	handler http.Handler
	close   func() error
}

// role is what a client comes for.
type role int

const (
	reader  role = iota // is told what happens in the room, and is not in it
	present             // is in the room, and is told nothing where that is possible
	member              // is in the room, and is told what happens there
	asker               // is in the room, and asks first who is there
)

// dialect is what a client says in a server's protocol.
type dialect struct {
	path        string
	subprotocol string
	binary      bool
	// hello returns the frame that opens the connection of client number n with a
	// role, and what stands in the last answer to it.
	hello func(n int, as role) (frame, answer string)
	// update returns the frame that tells a member's state number seq, counted from
	// 1.
	update     func(n, seq int, state []byte) []byte
	ping, pong string // a message that asks for a sign of life, and that sign
	// fill puts n members into the room, if not each by a connection of its own.
	fill func(ctx context.Context, c *child, n int) (*crowd, error)
}

var systems = []system{
	{name: "tutti", label: "tutti", start: startTutti, dialect: tuttiDialect},
	{name: "y-websocket", label: "y-websocket", dialect: yjsDialect},
	{name: "centrifuge", label: "centrifuge", start: startCentrifuge, dialect: centrifugeDialect},
}

func findSystem(name string) (system, error) {
	for _, s := range systems {
		if s.name == name {
			return s, nil
		}
	}
	return system{}, fmt.Errorf("no server %q", name)
}

// state is a member's: where its cursor is since when, and its name.
func state(n int, since time.Time, x, y int) []byte {
	return fmt.Appendf(nil, `{"sent":%d,"x":%d,"y":%d,"name":"Member %d"}`, since.UnixNano(), x, y, n)
}

func firstState(n int) []byte { return state(n, time.Now(), 0, 0) }
