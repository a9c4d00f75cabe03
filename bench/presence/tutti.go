package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// startTutti starts a server with its defaults of presence, whose messages are in
// memory, without bounds on rates and addresses.
func startTutti() (*server, error) {
	srv, err := tutti.New(tutti.Config{
		Namespaces: map[string]tutti.Namespace{namespace: {
			Memory: true, KeepCount: 1000, Anonymous: []tutti.Verb{auth.Read, auth.Publish, auth.Presence},
		}},
		Bounds: tutti.Bounds{Connects: -1, Commands: -1, Bytes: -1},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	return &server{handler: srv, close: func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		return srv.Close(ctx)
	}}, nil
}

func secret(n int) string { return fmt.Sprintf("%d.bench%027d", time.Now().Unix()/86400, n) }

func clientID(n int) string { return protocol.ClientID("", protocol.Secret(secret(n))) }

// greeting proves so many clients from number n on.
func greeting(n, clients int, more string) string {
	var proofs []string
	for i := range clients {
		proofs = append(proofs, fmt.Sprintf(`{"secret":%q,"run":1}`, secret(n+i)))
	}
	return fmt.Sprintf(`{"type":"hello","clients":[%s]%s}`, strings.Join(proofs, ","), more)
}

var tuttiDialect = dialect{
	path:        "/v1/ws",
	subprotocol: protocol.Version,
	hello: func(n int, as role) (frame, answer string) {
		watch := fmt.Sprintf(`,"watch":[{"topic":%q}]`, room)
		enter := fmt.Sprintf(`,"enter":[{"topic":%q,"state":%s}]`, room, firstState(n))
		switch as {
		case reader:
			return greeting(n, 1, watch), `"type":"watching"`
		case present:
			return greeting(n, 1, enter), `"type":"entered"`
		case asker:
			return greeting(n, 1, watch+enter), `"type":"watching"`
		}
		return greeting(n, 1, watch+enter), `"type":"entered"`
	},
	update: func(_, _ int, state []byte) []byte {
		return fmt.Appendf(nil, `{"type":"update","topic":%q,"state":%s}`, room, state)
	},
	ping: `{"type":"ping"}`,
	pong: `{"type":"pong"}`,
}
