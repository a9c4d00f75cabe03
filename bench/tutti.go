package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

const (
	namespace   = "bench"
	historySize = 1000 // entries that are kept, where a server keeps any
	closing     = 5 * time.Second
)

func startTutti(durable bool) (*server, error) {
	config := tutti.Config{
		Namespaces: map[string]tutti.Namespace{namespace: {
			Memory:    !durable,
			KeepCount: historySize,
			Anonymous: []tutti.Verb{auth.Read, auth.Publish},
		}},
		Bounds: tutti.Bounds{Connects: -1, Commands: -1, Bytes: -1},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if durable {
		dir, err := os.MkdirTemp("", "tutti-bench-")
		if err != nil {
			return nil, fmt.Errorf("make a directory: %w", err)
		}
		config.Dir = dir
	}
	srv, err := tutti.New(config)
	if err != nil {
		return nil, err
	}
	return &server{
		handler: srv,
		publish: func(topic string, data []byte) error {
			_, err := srv.Publish(context.Background(), topic, tutti.Message{Data: json.RawMessage(data)})
			return err
		},
		close: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closing)
			defer cancel()
			err := srv.Close(ctx)
			if durable {
				err = errors.Join(err, os.RemoveAll(config.Dir))
			}
			return err
		},
	}, nil
}

// tuttiDialect proves a client on each connection, as the client libraries do.
var tuttiDialect = dialect{
	path:        "/v1/ws",
	subprotocol: protocol.Version,
	hello: func(n int, topic string) (frame, answer string) {
		secret := fmt.Sprintf("%d.bench%027d", time.Now().Unix()/86400, n)
		if topic == "" {
			return fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}]}`, secret), `"type":"welcome"`
		}
		return fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":%q}]}`, secret, topic), `"type":"subscribed"`
	},
	publish: func(seq int, topic string, data []byte) string {
		return fmt.Sprintf(`{"type":"publish","topic":%q,"seq":%d,"data":%s}`, topic, seq, data)
	},
	acked: `"type":"ack"`,
	ping:  `{"type":"ping"}`,
	pong:  `{"type":"pong"}`,
}
