package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
)

func topics() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use:   "topics [PREFIX]",
		Short: "List topics; needs the verb admin",
		Args:  cobra.MaximumNArgs(1),
	}
	r.bind(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		prefix := strings.Join(args, "")
		out := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "TOPIC\tENTRIES\tOLDEST\tNEWEST") // Flush tells
		for after := ""; ; {
			page, err := r.topics(c, prefix, after)
			if err != nil {
				return err
			}
			for _, t := range page {
				_, _ = fmt.Fprintf(out, "%s\t%d\t%d\t%d\n", t.Topic, t.Head.Offset+1-t.First, t.First, t.Head.Offset)
				after = t.Topic
			}
			if len(page) == 0 {
				return out.Flush()
			}
		}
	}
	return c
}

type topicRow struct {
	Topic string            `json:"topic"`
	First uint64            `json:"first"`
	Head  protocol.Position `json:"head"`
}

func (r *remote) topics(c *cobra.Command, prefix, after string) ([]topicRow, error) {
	query := url.Values{"prefix": {prefix}, "after": {after}}
	var told struct {
		Topics []topicRow `json:"topics"`
	}
	if err := r.call(c.Context(), http.MethodGet, "/v1/topics?"+query.Encode(), nil, nil, &told); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return told.Topics, nil
}
