package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

func presence() *cobra.Command {
	var r remote
	var list bool
	var state string
	var out roll
	c := &cobra.Command{
		Use:   "presence TOPIC",
		Short: "Follow who is in a topic",
		Example: `  tutti presence room:7 --list
  tutti presence room:7 --enter '{"at": "the door"}'
  tutti presence room:7 --json | jq -r 'select(.event == "join") | .user'`,
		Args: cobra.ExactArgs(1),
	}
	r.bind(c)
	r.bindRoad(c)
	f := c.Flags()
	f.BoolVar(&list, "list", false, "print the members that are there, and end")
	f.StringVar(&state, "enter", "", "be there too, with this state, which is JSON")
	f.BoolVar(&out.json, "json", false, "print one JSON object a line")
	f.IntVar(&out.count, "count", 0, "end after so many lines (0: never)")
	c.MarkFlagsMutuallyExclusive("list", "enter")
	c.RunE = func(c *cobra.Command, args []string) error {
		out.command = c
		if list {
			return r.members(args[0], &out)
		}
		if state != "" && !json.Valid([]byte(state)) {
			return errors.New("what --enter gives is not JSON")
		}
		return r.follow(args[0], state, &out)
	}
	return c
}

// follow prints who is in a topic, and then what changes.
func (r *remote) follow(topic, state string, out *roll) error {
	c := out.command
	ctx, gone := context.WithCancelCause(c.Context())
	defer gone(nil)
	cl, err := r.connect(c, gone)
	if err != nil {
		return err
	}
	defer func() { _ = cl.Close() }()
	room, known := cl.Topic(topic).Presence(), map[string]bool{}
	say := func(event string, u client.User) {
		if known[u.ID] = true; event == "leave" {
			delete(known, u.ID)
		}
		if ctx.Err() != nil {
			return
		}
		if err := out.user(event, u); err != nil {
			gone(err)
		}
	}
	room.OnError(func(err error) { gone(fmt.Errorf("follow %s: %w", topic, err)) })
	room.OnChange(func(change client.PresenceChange) {
		for _, u := range change.Leaves {
			say("leave", u)
		}
		for _, u := range change.Joins {
			say("join", u)
		}
		for _, u := range change.Updates {
			say("update", u)
		}
	})
	room.Subscribe(func(users []client.User) {
		for _, u := range users {
			if !known[u.ID] {
				say("here", u)
			}
		}
	})
	if state != "" {
		if err := room.Enter(ctx, json.RawMessage(state)); err != nil && ctx.Err() == nil {
			return fmt.Errorf("enter %s: %w", topic, err)
		}
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errEnough) && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// members prints who is in a topic, member by member.
func (r *remote) members(topic string, out *roll) error {
	for after := ""; ; {
		var page struct {
			Members []protocol.Member `json:"members"`
			Next    string            `json:"next"`
		}
		path := "/v1/topics/" + url.PathEscape(topic) + "/presence?" + url.Values{"after": {after}}.Encode()
		if err := r.call(out.command.Context(), http.MethodGet, path, nil, nil, &page); err != nil {
			return fmt.Errorf("list %s: %w", topic, err)
		}
		for _, m := range page.Members {
			if err := out.member(m); err != nil {
				if errors.Is(err, errEnough) {
					return nil
				}
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// roll prints who is there, line by line.
type roll struct {
	command *cobra.Command
	json    bool
	count   int // lines at most; 0: any number
	printed int
}

func (r *roll) user(event string, u client.User) error {
	return r.print(u.LastSeen, struct {
		Event    string          `json:"event"`
		User     string          `json:"user"`
		Name     string          `json:"name,omitempty"`
		State    json.RawMessage `json:"state,omitempty"`
		Sessions int             `json:"sessions"`
		LastSeen int64           `json:"lastSeen"`
	}{event, u.ID, u.Name, json.RawMessage(u.State), len(u.Sessions), u.LastSeen.UnixMilli()}, event, u.ID, u.Name, string(u.State))
}

func (r *roll) member(m protocol.Member) error {
	user := m.User
	if user == "" {
		user = m.Client
	}
	return r.print(time.UnixMilli(m.Since), m, user, m.Name, string(m.State))
}

// print prints a line, and returns errEnough with the last one.
func (r *roll) print(at time.Time, object any, words ...string) error {
	line := at.Format(time.TimeOnly)
	for _, w := range words {
		if w != "" {
			line += " " + w
		}
	}
	if r.json {
		raw, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("print a line: %w", err)
		}
		line = string(raw)
	}
	if _, err := fmt.Fprintln(r.command.OutOrStdout(), line); err != nil {
		return err
	}
	if r.printed++; r.printed == r.count {
		return errEnough
	}
	return nil
}
