package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tuttisync/tutti/protocol"
)

// who is an author as people are told of one.
func who(author protocol.Author) string {
	if author.Name != "" {
		return author.Name
	}
	return author.Sub
}

func when(milliseconds int64) string { return time.UnixMilli(milliseconds).Format(time.DateTime) }

// change is what one author did without a pause.
type change struct {
	First    uint64          `json:"first"`
	Last     uint64          `json:"last"`
	Time     int64           `json:"time"`
	Author   protocol.Author `json:"author"`
	Entries  int             `json:"entries"`
	Inserted *int            `json:"inserted"`
	Deleted  *int            `json:"deleted"`
}

// changes prints up to so many of a document's newest changes, the newest first.
func (r *remote) changes(c *cobra.Command, topic string, limit int) error {
	query := url.Values{}
	for limit > 0 {
		query.Set("limit", strconv.Itoa(min(limit, protocol.DefaultLimits().Page)))
		var page struct {
			Changes []change `json:"changes"`
			Before  uint64   `json:"before"`
		}
		if err := r.call(c.Context(), http.MethodGet, docPath(topic)+"/history?"+query.Encode(), nil, nil, &page); err != nil {
			return err
		}
		for _, change := range page.Changes {
			if err := change.print(c); err != nil {
				return err
			}
		}
		if page.Before == 0 {
			return nil
		}
		limit -= len(page.Changes)
		query.Set("before", strconv.FormatUint(page.Before, 10))
	}
	return nil
}

func (e *change) print(c *cobra.Command) error {
	line := fmt.Sprintf("%s #%d", when(e.Time), e.First)
	if e.Last > e.First {
		line += fmt.Sprintf("-%d", e.Last)
	}
	if author := who(e.Author); author != "" {
		line += " " + author
	}
	if e.Inserted != nil && e.Deleted != nil {
		line += fmt.Sprintf(" +%d -%d", *e.Inserted, *e.Deleted)
	} else {
		line += fmt.Sprintf(" %d operations", e.Entries)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), line)
	return err
}

func versionPath(topic, name string) string {
	return docPath(topic) + "/versions/" + url.PathEscape(name)
}

func docVersions() *cobra.Command {
	var r remote
	var name, at, forget string
	c := &cobra.Command{
		Use:   "versions TOPIC",
		Short: "List a document's named versions, or keep its value as one",
		Example: `  tutti doc versions text:letter
  tutti doc versions text:letter --name sent
  tutti doc versions text:letter --name draft --at 1200
  tutti doc get text:letter --version sent`,
		Args: cobra.ExactArgs(1),
	}
	r.bind(c)
	c.Flags().StringVar(&name, "name", "", "keep the value under this name; needs the verb edit")
	c.Flags().StringVar(&at, "at", "", "with --name: as of the entry with this offset")
	c.Flags().StringVar(&forget, "forget", "", "forget the version of this name; needs the verb edit")
	c.MarkFlagsMutuallyExclusive("name", "forget")
	c.MarkFlagsMutuallyExclusive("at", "forget")
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case name != "":
			return r.keepVersion(c, args[0], name, at)
		case at != "":
			return errors.New("--at needs --name")
		case forget != "":
			var told struct{}
			if err := r.call(c.Context(), http.MethodDelete, versionPath(args[0], forget), nil, nil, &told); err != nil {
				return fmt.Errorf("versions: %w", err)
			}
			return nil
		}
		return r.listVersions(c, args[0])
	}
	return c
}

// keepVersion keeps a document's value under a name and prints its offset.
func (r *remote) keepVersion(c *cobra.Command, topic, name, at string) error {
	var body struct {
		Offset *uint64 `json:"offset,omitempty"`
	}
	if at != "" {
		offset, err := offsetArg(at)
		if err != nil {
			return err
		}
		body.Offset = &offset
	}
	var told protocol.Position
	if err := r.call(c.Context(), http.MethodPut, versionPath(topic, name), nil, body, &told); err != nil {
		return fmt.Errorf("versions: %w", err)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), told.Offset)
	return err
}

func (r *remote) listVersions(c *cobra.Command, topic string) error {
	var told struct {
		Versions []struct {
			Name   string          `json:"name"`
			Offset uint64          `json:"offset"`
			Time   int64           `json:"time"`
			Author protocol.Author `json:"author"`
		} `json:"versions"`
	}
	if err := r.call(c.Context(), http.MethodGet, docPath(topic)+"/versions", nil, nil, &told); err != nil {
		return fmt.Errorf("versions: %w", err)
	}
	out := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "NAME\tOFFSET\tKEPT\tBY") // Flush tells
	for _, v := range told.Versions {
		_, _ = fmt.Fprintf(out, "%s\t%d\t%s\t%s\n", v.Name, v.Offset, when(v.Time), who(v.Author))
	}
	return out.Flush()
}

func docRestore() *cobra.Command {
	var r remote
	var version, at string
	c := &cobra.Command{
		Use:   "restore TOPIC",
		Short: "Make a text what it was, by an operation like any other; needs the verbs edit and history",
		Example: `  tutti doc restore text:letter --version sent
  tutti doc restore text:letter --at 1200`,
		Args: cobra.ExactArgs(1),
	}
	r.bind(c)
	c.Flags().StringVar(&version, "version", "", "what it was in the version of this name")
	c.Flags().StringVar(&at, "at", "", "what it was as of the entry with this offset")
	c.MarkFlagsMutuallyExclusive("version", "at")
	c.MarkFlagsOneRequired("version", "at")
	c.RunE = func(c *cobra.Command, args []string) error {
		var body struct {
			Version string  `json:"version,omitempty"`
			Offset  *uint64 `json:"offset,omitempty"`
		}
		body.Version = version
		if at != "" {
			offset, err := offsetArg(at)
			if err != nil {
				return err
			}
			body.Offset = &offset
		}
		var told protocol.Position
		header := http.Header{"Idempotency-Key": {rand.Text()}}
		if err := r.call(c.Context(), http.MethodPost, docPath(args[0])+"/restore", header, body, &told); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		_, err := fmt.Fprintln(c.OutOrStdout(), told.Offset)
		return err
	}
	return c
}
