package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

func document() *cobra.Command {
	c := &cobra.Command{
		Use:   "doc",
		Short: "Read and change documents",
	}
	c.AddCommand(docGet(), docSet(), docEdit(), docHistory(), docBlame(), docVersions(), docRestore())
	return c
}

func docPath(topic string) string { return "/v1/docs/" + url.PathEscape(topic) }

func docGet() *cobra.Command {
	var r remote
	var at, version string
	c := &cobra.Command{
		Use:   "get TOPIC [KEY]",
		Short: "Print a document's value, or one of its records, as JSON; a text as it is",
		Example: `  tutti doc get records:tasks
  tutti doc get text:notes
  tutti doc get records:tasks milk
  tutti doc get records:tasks --at 1200
  tutti doc get records:tasks --version monday`,
		Args: cobra.RangeArgs(1, 2),
	}
	r.bind(c)
	c.Flags().StringVar(&at, "at", "", "as of the entry with this offset; needs the verb history")
	c.Flags().StringVar(&version, "version", "", "as it was kept under this name; needs the verb history")
	c.MarkFlagsMutuallyExclusive("at", "version")
	c.RunE = func(c *cobra.Command, args []string) error {
		path := docPath(args[0])
		if version != "" {
			path = versionPath(args[0], version)
		} else if at != "" {
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
	var base, replace string
	c := &cobra.Command{
		Use:   "edit TOPIC [OPERATION]",
		Short: "Apply an operation, or each line of standard input, to a document",
		Long: "Apply OPERATION, which is JSON, or each line of standard input. spec/documents.md has the operations of each type.\n" +
			"An operation is made on all that is in the log, unless --base says what its author had seen.\n" +
			"With --replace a text becomes what a file says; of what others did since --base nothing is lost.",
		Example: `  tutti doc edit counter:visits '{"op": "add", "n": 1}'
  tutti doc edit text:notes '[[0, 0, "hello"]]'
  tutti doc edit set:tags '{"op": "remove", "values": ["urgent"]}'
  tutti doc edit records:tasks '{"op": "patch", "key": "milk", "set": {"done": true}, "if": [{"is": "present"}]}'
  tutti doc edit text:letter '[[0, 5, "Dear"]]'
  tutti doc edit text:letter --replace letter.txt --base 1200`,
		Args: cobra.RangeArgs(1, 2),
	}
	r.bind(c)
	c.Flags().StringVar(&base, "base", "", "the offset up to which the author had seen the log")
	c.Flags().StringVar(&replace, "replace", "", "a file with what the text is to be; - is standard input")
	c.RunE = func(c *cobra.Command, args []string) error {
		var seen *uint64
		if base != "" {
			offset, err := offsetArg(base)
			if err != nil {
				return err
			}
			seen = &offset
		}
		if replace != "" {
			if len(args) == 2 {
				return errors.New("give an operation or --replace, not both")
			}
			return r.replace(c, args[0], seen, replace)
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
	return r.operate(c, topic, struct {
		Base *uint64 `json:"base,omitempty"`
		Op   any     `json:"op"`
	}{base, op})
}

// replace makes a text what a file says, and prints the operation's offset.
func (r *remote) replace(c *cobra.Command, topic string, base *uint64, file string) error {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(c.InOrStdin())
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return fmt.Errorf("edit: %s is not UTF-8", file)
	}
	return r.operate(c, topic, struct {
		Base    *uint64 `json:"base,omitempty"`
		Replace string  `json:"replace"`
	}{base, string(text)})
}

func (r *remote) operate(c *cobra.Command, topic string, body any) error {
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
	var raw, grouped bool
	c := &cobra.Command{
		Use:   "history TOPIC",
		Short: "Print a document's newest operations, oldest first, or its changes; needs the verb history",
		Args:  cobra.ExactArgs(1),
	}
	r.bind(c)
	c.Flags().IntVar(&limit, "limit", 100, "how many")
	c.Flags().BoolVar(&raw, "json", false, "print each entry as JSON")
	c.Flags().BoolVar(&grouped, "changes", false, "print what each author did without a pause as one line, newest first")
	c.MarkFlagsMutuallyExclusive("json", "changes")
	c.RunE = func(c *cobra.Command, args []string) error {
		if grouped {
			if err := r.changes(c, args[0], limit); err != nil {
				return fmt.Errorf("history: %w", err)
			}
			return nil
		}
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
	fmt.Fprintf(&line, "%s #%d", when(e.Time), e.Offset)
	if e.Base != nil && *e.Base+1 < e.Offset {
		fmt.Fprintf(&line, " on #%d", *e.Base)
	}
	if author := who(e.Author); author != "" {
		fmt.Fprintf(&line, " %s", author)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s %s\n", &line, e.Data)
	return err
}
