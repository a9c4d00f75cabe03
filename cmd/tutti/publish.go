package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/client"
)

const maxLine = 1 << 20

func publish() *cobra.Command {
	var r remote
	var name, key string
	var timeout time.Duration
	var batch bool
	c := &cobra.Command{
		Use:   "publish TOPIC [DATA]",
		Short: "Publish to a topic, exactly once",
		Long: "Publish DATA, which is JSON, or each line of standard input. Text that is not JSON is published as a JSON string.\n" +
			"With --batch all lines, up to 1,000, are published together or not at all.",
		Example: `  tutti publish chat:lobby '{"text": "hello"}'
  tutti publish stocks:APP '{"price": 10.5}' --name stock-update
  seq 100 | tutti publish numbers
  seq 100 | tutti publish numbers --batch`,
		Args: cobra.RangeArgs(1, 2),
	}
	r.bind(c)
	r.bindRoad(c)
	c.Flags().StringVar(&name, "name", "", "the event name")
	c.Flags().StringVar(&key, "key", "", "what the entry is the newest word about")
	c.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "how long an entry may take")
	c.Flags().BoolVar(&batch, "batch", false, "publish all lines together or not at all")
	c.RunE = func(c *cobra.Command, args []string) error {
		if batch {
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			return r.publishAll(ctx, c, name, args)
		}
		ctx, gone := context.WithCancelCause(c.Context())
		defer gone(nil)
		cl, err := r.connect(c, gone)
		if err != nil {
			return err
		}
		defer func() { _ = cl.Close() }()
		topic, options := cl.Topic(args[0]), client.PublishOptions{Name: name, Key: key, Timeout: timeout}
		send := func(text string) error {
			ack, err := topic.Publish(ctx, toJSON(text), options)
			if err != nil {
				return cmp.Or(context.Cause(ctx), err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), ack.Offset)
			return err
		}
		if len(args) == 2 {
			return send(args[1])
		}
		return eachLine(c.InOrStdin(), send)
	}
	return c
}

func eachLine(in io.Reader, fn func(string) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := fn(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// toJSON takes text as JSON if it is, else as a string.
func toJSON(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("a string does not marshal")
	}
	return quoted
}
