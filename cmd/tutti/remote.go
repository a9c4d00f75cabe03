package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
)

// remote is a server that a command talks to.
type remote struct {
	url   string
	token string
	road  string
}

func (r *remote) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.url, "url", "", "the server, http(s)://host[:port][/prefix] (default TUTTI_URL, else http://127.0.0.1:8080)")
	f.StringVar(&r.token, "token", "", "the token to show (default TUTTI_TOKEN)")
}

// bindRoad is for commands that make a client.
func (r *remote) bindRoad(c *cobra.Command) {
	c.Flags().StringVar(&r.road, "road", "", "reach the server over ws, sse or poll alone (default: the best that the network lets through)")
}

func (r *remote) address() string {
	switch {
	case r.url != "":
		return r.url
	case os.Getenv("TUTTI_URL") != "":
		return os.Getenv("TUTTI_URL")
	}
	return "http://127.0.0.1:8080"
}

func (r *remote) bearer() string {
	if r.token != "" {
		return r.token
	}
	return os.Getenv("TUTTI_TOKEN")
}

// connect makes a client and tells on standard error what keeps it from its
// server. gone is called with the reason when it will not try again.
func (r *remote) connect(c *cobra.Command, gone context.CancelCauseFunc) (*client.Client, error) {
	options := client.Options{StaticToken: r.bearer()}
	if r.road != "" {
		options.Roads = []string{r.road}
	}
	options.OnStatus = func(s client.Status) {
		switch s.State {
		case core.Live:
			if s.Road != core.RoadWS && r.road == "" {
				fmt.Fprintf(c.ErrOrStderr(), "tutti: connected to %s over %s, since no WebSocket gets through\n", r.address(), s.Road)
			}
		case core.Backoff:
			reason := ""
			if s.Err != nil {
				reason = ": " + s.Err.Error()
			}
			fmt.Fprintf(c.ErrOrStderr(), "tutti: no connection to %s%s; next try in %s\n", r.address(), reason, time.Until(s.Until).Round(100*time.Millisecond))
		case core.Parked:
			gone(errors.Join(fmt.Errorf("the server at %s turned this client away", r.address()), s.Err))
		}
	}
	return client.Connect(r.address(), options)
}
