package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

// publishAll publishes the lines of standard input, or the one given, together,
// and prints their offsets.
func (r *remote) publishAll(ctx context.Context, c *cobra.Command, name string, args []string) error {
	type publication struct {
		Name string          `json:"name,omitempty"`
		Data json.RawMessage `json:"data"`
	}
	all := []publication{}
	in := c.InOrStdin()
	if len(args) == 2 {
		in = strings.NewReader(args[1])
	}
	if err := eachLine(in, func(line string) error {
		all = append(all, publication{name, toJSON(line)})
		return nil
	}); err != nil {
		return err
	}
	var told struct {
		First uint64 `json:"first"`
		Last  uint64 `json:"last"`
	}
	header := http.Header{"Idempotency-Key": {rand.Text()}}
	if err := r.call(ctx, http.MethodPost, eventsPath(args[0]), header, all, &told); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	for offset := told.First; offset <= told.Last; offset++ {
		if _, err := fmt.Fprintln(c.OutOrStdout(), offset); err != nil {
			return err
		}
	}
	return nil
}
