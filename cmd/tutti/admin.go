package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
)

func admin() *cobra.Command {
	c := &cobra.Command{
		Use:   "admin",
		Short: "Truncate, redact, disconnect; needs the verb admin",
	}
	c.AddCommand(truncate(), redact(), disconnect())
	return c
}

func truncate() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use:     "truncate TOPIC BEFORE",
		Short:   "Forget the entries of a topic below an offset",
		Example: `  tutti admin truncate chat:lobby 1000`,
		Args:    cobra.ExactArgs(2),
	}
	r.bind(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		before, err := offsetArg(args[1])
		if err != nil {
			return err
		}
		var told topicRow
		path := eventsPath(args[0]) + "?before=" + strconv.FormatUint(before, 10)
		if err := r.call(c.Context(), http.MethodDelete, path, nil, nil, &told); err != nil {
			return fmt.Errorf("truncate: %w", err)
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s begins at %d, the newest is %d\n", told.Topic, told.First, told.Head.Offset)
		return err
	}
	return c
}

func redact() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use:   "redact TOPIC OFFSET…",
		Short: "Erase what entries say and who published them, and keep their places",
		Args:  cobra.MinimumNArgs(2),
	}
	r.bind(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, arg := range args[1:] {
			offset, err := offsetArg(arg)
			if err != nil {
				return err
			}
			var told struct{}
			path := eventsPath(args[0]) + "/" + strconv.FormatUint(offset, 10)
			if err := r.call(c.Context(), http.MethodDelete, path, nil, nil, &told); err != nil {
				return fmt.Errorf("redact %d: %w", offset, err)
			}
			if _, err := fmt.Fprintln(c.OutOrStdout(), offset); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

func disconnect() *cobra.Command {
	var r remote
	var who protocol.Disconnect
	c := &cobra.Command{
		Use:   "disconnect",
		Short: "End the connections of a user, or of a client",
		Example: `  tutti admin disconnect --sub mallory
  tutti admin disconnect --sub ann --return`,
		Args: cobra.NoArgs,
	}
	r.bind(c)
	f := c.Flags()
	f.StringVar(&who.Sub, "sub", "", "the user")
	f.StringVar(&who.Client, "client", "", "the client's id")
	f.BoolVar(&who.Return, "return", false, "let them come back by themselves")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if (who.Sub == "") == (who.Client == "") {
			return errors.New("give --sub or --client")
		}
		var told struct {
			Connections int `json:"connections"`
		}
		if err := r.call(c.Context(), http.MethodPost, "/v1/disconnect", nil, who, &told); err != nil {
			return fmt.Errorf("disconnect: %w", err)
		}
		_, err := fmt.Fprintln(c.OutOrStdout(), told.Connections)
		return err
	}
	return c
}

func offsetArg(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 53)
	if err != nil {
		return 0, fmt.Errorf("%q is not an offset", text)
	}
	return n, nil
}
