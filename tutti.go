// Package tutti is a real-time synchronisation server to embed in a Go
// program: topics that are durable logs, read live over WebSocket and
// Server-Sent Events, written exactly once.
//
// A [Server] is an [http.Handler]; mount it under any prefix. The program
// itself publishes with [Server.Publish], reads and follows with [Server.Read],
// and serves topics on routes of its own with [Server.Stream].
//
//	srv, err := tutti.New(tutti.Config{Dir: "data", Authenticate: whoIsIt})
//	mux.Handle("/realtime/", http.StripPrefix("/realtime", srv))
//
// Whoever makes a Server closes it; [Server.Close] drains. All methods are safe
// for concurrent use. Entries of one topic are seen by every reader in the same
// order, each once.
package tutti

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/api"
	"github.com/tuttisync/tutti/internal/clientjs"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/internal/transport/post"
	"github.com/tuttisync/tutti/internal/transport/sse"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
	"github.com/tuttisync/tutti/store/pebble"
)

// Server is a running tutti server.
type Server struct {
	config Config
	hub    *hub.Hub
	api    *api.Server
	stores []store.Log // to be closed with the server

	cancel context.CancelFunc
	tasks  sync.WaitGroup
	close  sync.Once
}

// New starts a server. An error names the field of config that is wrong, or
// says why the store does not open.
func New(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	bounds := config.Bounds.complete(config.Dev)
	proxies, err := config.proxies()
	if err != nil {
		return nil, err
	}
	policy, err := auth.NewPolicy(config.policy())
	if err != nil {
		return nil, fmt.Errorf("configure rights: %w", err)
	}
	identify, err := config.identifier()
	if err != nil {
		return nil, err
	}
	s := &Server{config: config}
	m := metrics.New()
	durable, err := s.openStore(m)
	if err != nil {
		return nil, err
	}
	volatile := durable
	if _, ok := durable.(*memory.Store); !ok {
		volatile = memory.New()
		s.stores = append(s.stores, volatile)
	}
	s.hub, err = hub.New(hub.Config{
		Durable:   durable,
		Memory:    volatile,
		Namespace: config.namespace,
		Policy:    policy,
		Hooks:     config.hooks(),
		Identify:  identify,
		Session: session.Config{
			HelloTimeout: config.HelloTimeout, Ping: config.Ping, Grace: config.Grace,
			AuthGrace: authGrace, Limits: config.Limits, Commands: bounds.Commands, Bytes: bounds.Bytes,
		},
		Encoders: hub.Encoders{
			hub.Messages: func(dst []byte, topic string, stored []byte) []byte {
				return ws.AppendText(dst, entryMessage(topic, stored))
			},
			hub.Deflated: func(dst []byte, topic string, stored []byte) []byte {
				return ws.AppendDeflated(dst, entryMessage(topic, stored))
			},
			hub.Streamed: post.AppendEvent,
			hub.Listed:   post.AppendItem,
			hub.Events:   sse.AppendEvent,
		},
		Framers: hub.Framers{
			hub.Messages: {Share: ws.ShareText, Head: ws.AppendTextHead},
			hub.Deflated: {Share: ws.ShareDeflated, Head: ws.AppendDeflatedHead},
			hub.Streamed: {Share: post.ShareEvent, Head: post.AppendEventHead},
			hub.Listed:   {Share: post.ShareItem, Head: post.AppendItemHead},
		},

		MaxConnections: config.MaxConnections,
		Drain:          config.Drain,
		OutboundBytes:  bounds.OutboundBytes,
		OutboundTotal:  bounds.OutboundTotal,
		PresenceBytes:  int64(bounds.PresenceBytes),

		Metrics: m,
		Logger:  config.Logger,
		NewID:   newID,
	})
	if err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	s.api = api.New(api.Config{
		Hub:     s.hub,
		Limits:  config.Limits,
		Origins: api.Origins{Allowed: config.Origins, Loopback: config.Dev},
		WS:      ws.Config{MaxMessage: config.Limits.FrameBytes, MaxFragments: bounds.Fragments, WriteTimeout: config.Stall, Subprotocol: protocol.Version, Compression: config.Compression},
		SSE:     sse.Config{Hub: s.hub, Heartbeat: config.Ping, Retry: sseRetry, Stall: config.Stall},
		Post:    post.Config{Hub: s.hub, MaxBody: config.Limits.FrameBytes + protocol.HelloBytes, HelloTimeout: config.HelloTimeout, MaxWait: config.Ping, Stall: config.Stall},
		Gate:    config.gate(bounds),
		Proxies: proxies,
		Metrics: m,
		Modules: clientjs.Modules,
		Site:    config.Site,
		Logger:  config.Logger,
	})
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.tasks.Go(func() { s.hub.Run(ctx) })
	return s, nil
}

func (s *Server) openStore(m *metrics.Metrics) (store.Log, error) {
	switch {
	case s.config.Store != nil:
		return s.config.Store, nil
	case s.config.Dir == "":
		log := memory.New()
		s.stores = append(s.stores, log)
		return log, nil
	}
	log, err := pebble.Open(pebble.Config{
		Dir:      s.config.Dir,
		Logger:   s.config.Logger,
		OnCommit: func(c pebble.CommitInfo) { m.Committed(c.Appends, c.Bytes, c.Took) },
	})
	if err != nil {
		return nil, err
	}
	s.stores = append(s.stores, log)
	return log, nil
}

// ServeHTTP serves the paths of spec/protocol.md, /v1/… and the rest.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }

// Drain makes /readyz answer 503 and takes no new connections from now on, and
// tells those that are connected to come back elsewhere, spread over
// Config.Drain. Until it is told, a connection works as ever, and so does
// Publish. Drain does not wait.
func (s *Server) Drain() { s.hub.Drain() }

// Close drains, in three quarters of the time that ctx leaves at most, waits
// for the connections and publishes to end, and closes the store that New
// opened. When ctx ends first, connections are cut, and its error is returned.
// A second Close does nothing.
func (s *Server) Close(ctx context.Context) error {
	var err error
	s.close.Do(func() {
		err = s.hub.Close(ctx)
		s.cancel()
		s.tasks.Wait()
		err = errors.Join(err, s.closeStores())
	})
	return err
}

func (s *Server) closeStores() error {
	var errs []error
	for _, log := range s.stores {
		errs = append(errs, log.Close())
	}
	return errors.Join(errs...)
}

func entryMessage(topic string, stored []byte) []byte {
	return protocol.AppendEntryMessage(make([]byte, 0, len(topic)+len(stored)+64), topic, stored)
}

func newID() string {
	var b [9]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
