package client

import (
	"context"
	"fmt"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// HistoryOptions say which page of a topic's log: the entries above After, or
// the newest below Before, or, with neither, the newest. Both at once are an
// error.
type HistoryOptions struct {
	After  *uint64
	Before *uint64
	Limit  int // entries at most; 0: 100
}

// Page is a page of a topic's log.
type Page struct {
	First   uint64            // lowest offset that the log holds
	Head    protocol.Position // behind the newest entry
	Entries []Entry           // ascending
}

type pageResult struct {
	page Page
	err  error
}

// History reads a page of the log. It waits for a connection, and asks again
// when it is lost, until ctx is done.
func (t *Topic) History(ctx context.Context, options HistoryOptions) (Page, error) {
	c, key := t.client, t.client.numbers.Add(1)
	result := make(chan pageResult, 1)
	open := c.post(func() {
		c.pages[key] = result
		c.step(core.History{Key: key, Topic: t.name, After: options.After, Before: options.Before, Limit: options.Limit})
	})
	if !open {
		return Page{}, protocol.Errorf(protocol.Closed, "")
	}
	select {
	case r := <-result:
		return r.page, r.err
	case <-ctx.Done():
		c.post(func() { c.step(core.Abort{Key: key}) })
		return Page{}, fmt.Errorf("read history: %w: %w", ctx.Err(), protocol.Errorf(protocol.Aborted, ""))
	}
}

func (c *Client) answerPage(e core.Page) {
	result := c.pages[e.Key]
	delete(c.pages, e.Key)
	if e.Err != nil {
		result <- pageResult{err: e.Err}
		return
	}
	page := Page{First: e.Page.First, Head: e.Page.Head}
	for _, raw := range e.Page.Entries {
		entry, err := protocol.ParseEntry(raw)
		if err != nil {
			result <- pageResult{err: protocol.Errorf(protocol.Internal, "The server's page holds what is no entry.")}
			return
		}
		page.Entries = append(page.Entries, Entry{Topic: e.Page.Topic, Entry: entry})
	}
	result <- pageResult{page: page}
}
