package main

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
)

// written is a part of a text that one entry inserted.
type written struct {
	At     int             `json:"at"`
	Length int             `json:"length"`
	Author protocol.Author `json:"author"`
	Offset uint64          `json:"offset"`
	Time   int64           `json:"time"`
}

func docBlame() *cobra.Command {
	var r remote
	var at string
	c := &cobra.Command{
		Use:   "blame TOPIC",
		Short: "Print a text, and in front of each line who wrote the newest of it; needs the verb history",
		Args:  cobra.ExactArgs(1),
	}
	r.bind(c)
	c.Flags().StringVar(&at, "at", "", "as of the entry with this offset")
	c.RunE = func(c *cobra.Command, args []string) error {
		query := ""
		if at != "" {
			offset, err := offsetArg(at)
			if err != nil {
				return err
			}
			query = fmt.Sprintf("?at=%d", offset)
		}
		var blame struct {
			Offset uint64    `json:"offset"`
			Runs   []written `json:"runs"`
		}
		if err := r.call(c.Context(), http.MethodGet, docPath(args[0])+"/blame"+query, nil, nil, &blame); err != nil {
			return fmt.Errorf("blame: %w", err)
		}
		var text struct {
			Value string `json:"value"`
		}
		path := fmt.Sprintf("%s?at=%d", docPath(args[0]), blame.Offset)
		if err := r.call(c.Context(), http.MethodGet, path, nil, nil, &text); err != nil {
			return fmt.Errorf("blame: %w", err)
		}
		return printBlame(c, text.Value, blame.Runs)
	}
	return c
}

// printBlame prints the lines of a text, whose runs are in order, each with the
// newest entry that something of it is from.
func printBlame(c *cobra.Command, text string, runs []written) error {
	var lines, heads []string
	widest, end := 0, 0
	for line := range strings.Lines(text) {
		start := end
		end += utf8.RuneCountInString(line)
		var newest written
		for len(runs) > 0 && runs[0].At < end {
			if runs[0].Offset > newest.Offset && runs[0].At+runs[0].Length > start {
				newest = runs[0]
			}
			if runs[0].At+runs[0].Length > end {
				break // the next line has the rest of it
			}
			runs = runs[1:]
		}
		head := "before the log"
		if newest.Offset > 0 {
			head = strings.TrimRight(fmt.Sprintf("#%d %s %s", newest.Offset, when(newest.Time), who(newest.Author)), " ")
		}
		widest = max(widest, utf8.RuneCountInString(head))
		lines, heads = append(lines, strings.TrimSuffix(line, "\n")), append(heads, head)
	}
	digits := len(fmt.Sprint(len(lines)))
	for i, line := range lines {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%-*s %*d) %s\n", widest, heads[i], digits, i+1, line); err != nil {
			return err
		}
	}
	return nil
}
