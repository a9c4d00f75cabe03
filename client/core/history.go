package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// maxPages is how many pages of history may be unanswered.
const maxPages = 1000

// page is one question for history. It is kept until it is answered, and asked
// again on the next connection.
type page struct {
	key     uint64
	command protocol.History
}

func (h History) apply(c *Core) {
	err := protocol.CheckTopic(h.Topic)
	switch {
	case c.connection.state == Closed:
		err = protocol.Errorf(protocol.Closed, "")
	case err == nil && len(c.pages) >= maxPages:
		err = protocol.Errorf(protocol.QueueFull, "")
	}
	if err != nil {
		c.emit(Page{Key: h.Key, Err: protocol.AsError(err)})
		return
	}
	c.pages = append(c.pages, &page{key: h.Key, command: protocol.History{
		Topic: h.Topic, After: h.After, Before: h.Before, Limit: h.Limit,
	}})
	if c.ready() {
		c.sendPages()
	}
}

func (c *Core) sendPages() {
	for _, p := range c.pages {
		if p.command.ID == 0 {
			p.command.ID = c.id()
			c.send(&p.command)
		}
	}
}

func (c *Core) detachPages() {
	for _, p := range c.pages {
		p.command.ID = 0
	}
}

func (c *Core) takePage(match func(*page) bool) *page {
	i := slices.IndexFunc(c.pages, match)
	if i < 0 {
		return nil
	}
	p := c.pages[i]
	c.pages = slices.Delete(c.pages, i, i+1)
	return p
}

func (c *Core) page(m *protocol.HistoryPage) {
	p := c.takePage(func(p *page) bool { return m.ID != 0 && p.command.ID == m.ID })
	if p == nil {
		return
	}
	answer := *m
	answer.ID = 0
	c.emit(Page{Key: p.key, Page: &answer})
}

func (c *Core) pageFailed(m *protocol.Failure) {
	match := func(p *page) bool { return p.command.ID == m.ID }
	if m.Error.Code == protocol.TokenExpired {
		if i := slices.IndexFunc(c.pages, match); i >= 0 {
			c.pages[i].command.ID = 0
			c.expire(m.Error)
		}
		return
	}
	if p := c.takePage(match); p != nil {
		c.emit(Page{Key: p.key, Err: m.Error})
	}
}

func (c *Core) abortPage(key uint64) bool {
	p := c.takePage(func(p *page) bool { return p.key == key })
	if p == nil {
		return false
	}
	c.emit(Page{Key: key, Err: protocol.Errorf(protocol.Aborted, "")})
	return true
}

func (c *Core) closePages() {
	for _, p := range c.pages {
		c.emit(Page{Key: p.key, Err: protocol.Errorf(protocol.Closed, "")})
	}
	c.pages = nil
}
