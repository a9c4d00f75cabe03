package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

func document() *cobra.Command {
	c := &cobra.Command{
		Use:   "doc",
		Short: "Read and change documents",
	}
	c.AddCommand(docGet(), docSet(), docEdit(), docHistory())
	return c
}

func docPath(topic string) string { return "/v1/docs/" + url.PathEscape(topic) }

func docGet() *cobra.Command {
	var r remote
	var at string
	c := &cobra.Command{
		Use:   "get TOPIC [KEY]",
		Short: "Print a document's value, or one of its records, as JSON; a text as it is",
		Example: `  tutti doc get records:tasks
  tutti doc get text:notes
  tutti doc get records:tasks milk
  tutti doc get records:tasks --at 1200`,
		Args: cobra.RangeArgs(1, 2),
	}
	r.bind(c)
	c.Flags().StringVar(&at, "at", "", "as of the entry with this offset; needs the verb history")
	c.RunE = func(c *cobra.Command, args []string) error {
		path := docPath(args[0])
		if at != "" {
			offset, err := offsetArg(at)
			if err != nil {
				return err
			}
			path += "?at=" + strconv.FormatUint(offset, 10)
		}
		var told struct {
			Doc   string          `json:"doc"`
			Value json.RawMessage `json:"value"`
		}
		if err := r.call(c.Context(), http.MethodGet, path, nil, nil, &told); err != nil {
			return fmt.Errorf("get: %w", err)
		}
		value := told.Value
		if len(args) == 2 {
			var all map[string]json.RawMessage
			if err := json.Unmarshal(told.Value, &all); err != nil {
				return fmt.Errorf("get: a document of type %s has no records", told.Doc)
			}
			if value = all[args[1]]; value == nil {
				return fmt.Errorf("get: there is no record %q", args[1])
			}
		}
		if told.Doc == "text" {
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return fmt.Errorf("get: read the text: %w", err)
			}
			value = json.RawMessage(text)
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s\n", value)
		return err
	}
	return c
}

func docSet() *cobra.Command {
	var r remote
	c := &cobra.Command{
		Use:     "set TOPIC KEY RECORD",
		Short:   "Create or replace a record",
		Example: `  tutti doc set records:tasks milk '{"title": "milk", "done": false}'`,
		Args:    cobra.ExactArgs(3),
	}
	r.bind(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return r.edit(c, args[0], nil, records.Set{Key: args[1], Value: toJSON(args[2])})
	}
	return c
}

func docEdit() *cobra.Command {
	var r remote
	var base string
	c := &cobra.Command{
		Use:   "edit TOPIC [OPERATION]",
		Short: "Apply an operation, or each line of standard input, to a document",
		Long: "Apply OPERATION, which is JSON, or each line of standard input. spec/documents.md has the operations of each type.\n" +
			"An operation is made on all that is in the log, unless --base says what its author had seen.",
		Example: `  tutti doc edit counter:visits '{"op": "add", "n": 1}'
  tutti doc edit text:notes '[[0, 0, "hello"]]'
  tutti doc edit set:tags '{"op": "remove", "values": ["urgent"]}'
  tutti doc edit records:tasks '{"op": "patch", "key": "milk", "set": {"done": true}, "if": [{"is": "present"}]}'`,
		Args: cobra.RangeArgs(1, 2),
	}
	r.bind(c)
	c.Flags().StringVar(&base, "base", "", "the offset up to which the author had seen the log")
	c.RunE = func(c *cobra.Command, args []string) error {
		var seen *uint64
		if base != "" {
			offset, err := offsetArg(base)
			if err != nil {
				return err
			}
			seen = &offset
		}
		edit := func(line string) error { return r.edit(c, args[0], seen, toJSON(line)) }
		if len(args) == 2 {
			return edit(args[1])
		}
		return eachLine(c.InOrStdin(), edit)
	}
	return c
}

// edit applies an operation and prints its offset.
func (r *remote) edit(c *cobra.Command, topic string, base *uint64, op any) error {
	body := struct {
		Base *uint64 `json:"base,omitempty"`
		Op   any     `json:"op"`
	}{base, op}
	var told protocol.Position
	header := http.Header{"Idempotency-Key": {rand.Text()}}
	if err := r.call(c.Context(), http.MethodPost, docPath(topic)+"/ops", header, body, &told); err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), told.Offset)
	return err
}

func docHistory() *cobra.Command {
	var r remote
	var limit int
	var raw bool
	c := &cobra.Command{
		Use:   "history TOPIC",
		Short: "Print a document's newest operations, oldest first; needs the verb history",
		Args:  cobra.ExactArgs(1),
	}
	r.bind(c)
	c.Flags().IntVar(&limit, "limit", 100, "how many")
	c.Flags().BoolVar(&raw, "json", false, "print each entry as JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		entries, err := r.newest(c, args[0], limit)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		for _, e := range entries {
			if err := printOperation(c, e, raw); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

// newest returns up to so many of the topic's newest entries, ascending.
func (r *remote) newest(c *cobra.Command, topic string, limit int) ([]json.RawMessage, error) {
	var entries []json.RawMessage
	query := url.Values{}
	for len(entries) < limit {
		query.Set("limit", strconv.Itoa(min(limit-len(entries), protocol.DefaultLimits().Page)))
		var page struct {
			First   uint64            `json:"first"`
			Entries []json.RawMessage `json:"entries"`
		}
		if err := r.call(c.Context(), http.MethodGet, eventsPath(topic)+"?"+query.Encode(), nil, nil, &page); err != nil {
			return nil, err
		}
		if len(page.Entries) == 0 {
			break
		}
		entries = slices.Concat(page.Entries, entries)
		var oldest protocol.Position
		if err := json.Unmarshal(entries[0], &oldest); err != nil {
			return nil, err
		}
		if oldest.Offset <= page.First {
			break
		}
		query.Set("before", strconv.FormatUint(oldest.Offset, 10))
	}
	return entries, nil
}

func printOperation(c *cobra.Command, entry json.RawMessage, raw bool) error {
	if raw {
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s\n", entry)
		return err
	}
	var e struct {
		Offset uint64          `json:"offset"`
		Time   int64           `json:"time"`
		Author protocol.Author `json:"author"`
		Base   *uint64         `json:"base"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(entry, &e); err != nil {
		return err
	}
	var line bytes.Buffer
	fmt.Fprintf(&line, "%s #%d", time.UnixMilli(e.Time).Format(time.DateTime), e.Offset)
	if e.Base != nil && *e.Base+1 < e.Offset {
		fmt.Fprintf(&line, " on #%d", *e.Base)
	}
	if who := e.Author.Name; who != "" {
		fmt.Fprintf(&line, " %s", who)
	} else if e.Author.Sub != "" {
		fmt.Fprintf(&line, " %s", e.Author.Sub)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s %s\n", &line, e.Data)
	return err
}
