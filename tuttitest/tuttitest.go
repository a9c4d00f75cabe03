// Package tuttitest gives a test a whole tutti server: in memory, behind an
// HTTP server on the loopback interface, with clients that speak to it for
// real.
//
//	s := tuttitest.New(t)
//	_, err := s.Server.Publish(ctx, "chat:lobby", tutti.Message{Data: "hello"})
//	for e, err := range s.Client().Topic("chat:lobby").Read(ctx, tutti.Earliest()) { … }
//
// All that it starts ends with the test, in order: clients, server, sockets.
package tuttitest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
)

// closeTimeout bounds how long a server may take to drain.
const closeTimeout = 10 * time.Second

// Server is a server for one test.
type Server struct {
	// URL is where it listens: http://127.0.0.1 and a port, with no path.
	URL string
	// Server is what listens there. The test need not close it.
	Server *tutti.Server

	t testing.TB
}

// New starts a server for the test t, and fails t if that cannot be done.
// Without a config everyone has all rights, as with Config.Dev; only the first
// config counts. A config that names neither Dir nor Store is kept in memory,
// and one without a Logger has its warnings in the test's output. Unless it says
// otherwise it drains at once.
func New(t testing.TB, config ...tutti.Config) *Server {
	t.Helper()
	c := tutti.Config{Dev: true}
	if len(config) > 0 {
		c = config[0]
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	if c.Drain == 0 {
		c.Drain = -1
	}
	srv, err := tutti.New(c)
	if err != nil {
		t.Fatalf("start tutti: %v", err)
	}
	listener := httptest.NewServer(srv)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Errorf("close tutti: %v", err)
		}
		listener.Close()
	})
	return &Server{URL: listener.URL, Server: srv, t: t}
}

// Client connects a new client, which is closed with the test. It does not wait
// for the connection. Without options it is anonymous, or, where everyone has
// all rights, a guest of its own.
func (s *Server) Client(options ...client.Options) *client.Client {
	s.t.Helper()
	var o client.Options
	if len(options) > 0 {
		o = options[0]
	}
	c, err := client.Connect(s.URL, o)
	if err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	s.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			s.t.Errorf("close client: %v", err)
		}
	})
	return c
}
