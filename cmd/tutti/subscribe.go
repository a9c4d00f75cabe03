package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

func subscribe() *cobra.Command {
	var r remote
	var last int
	var earliest, asJSON bool
	var count int
	c := &cobra.Command{
		Use:   "subscribe TOPIC…",
		Short: "Follow topics",
		Example: `  tutti subscribe chat:lobby --last 10
  tutti subscribe stocks:APP --json | jq .data.price`,
		Args: cobra.MinimumNArgs(1),
	}
	r.bind(c)
	r.bindRoad(c)
	f := c.Flags()
	f.IntVar(&last, "last", 0, "start so many entries before the newest")
	f.BoolVar(&earliest, "earliest", false, "start at the oldest entry that is kept")
	f.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	f.IntVar(&count, "count", 0, "end after so many entries (0: never)")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, gone := context.WithCancelCause(c.Context())
		defer gone(nil)
		cl, err := r.connect(c, gone)
		if err != nil {
			return err
		}
		defer func() { _ = cl.Close() }()
		from := protocol.FromLast(uint64(max(last, 0)))
		if earliest {
			from = protocol.FromEarliest()
		}
		seen := 0
		for _, name := range args {
			cl.Topic(name).Subscribe(func(e client.Entry) {
				if count > 0 && seen >= count {
					return
				}
				if err := show(c, e, asJSON); err != nil {
					gone(err)
				}
				if seen++; seen == count {
					gone(errEnough)
				}
			}, client.SubscribeOptions{
				From: from,
				Started: func(s client.Start) {
					if !s.Recovered {
						fmt.Fprintf(c.ErrOrStderr(), "tutti: entries of %s were lost; going on behind offset %d\n", name, s.Position.Offset)
					}
				},
				Failed: func(err error) { gone(fmt.Errorf("subscribe to %s: %w", name, err)) },
			})
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, errEnough) && !errors.Is(cause, context.Canceled) {
			return cause
		}
		return nil
	}
	return c
}

var errEnough = errors.New("enough entries")

func show(c *cobra.Command, e client.Entry, asJSON bool) error {
	if asJSON {
		line := protocol.AppendWrapped(nil, e.Topic, protocol.AppendEntry(nil, &e.Entry))
		var compact bytes.Buffer
		if err := json.Compact(&compact, line); err != nil {
			return fmt.Errorf("print entry: %w", err)
		}
		_, err := fmt.Fprintln(c.OutOrStdout(), compact.String())
		return err
	}
	author, name := "", ""
	if e.Author != nil {
		author = " " + e.Author.Sub
		if e.Author.Name != "" {
			author = " " + e.Author.Name
		}
	}
	if e.Name != "" {
		name = " " + e.Name
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s %s#%d%s%s %s\n", time.UnixMilli(e.Time).Format(time.TimeOnly), e.Topic, e.Offset, name, author, e.Data)
	return err
}
