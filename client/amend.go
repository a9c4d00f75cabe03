package client

import "github.com/tuttisync/tutti/client/core"

// seal lets the core know the latest words of all operations on texts before it
// makes a step, in which it may send them.
func (c *Client) seal() {
	for r := range c.texts {
		c.amend(r, true)
	}
}

// unseal does the same behind a step, which may have changed what they say.
func (c *Client) unseal() {
	for r := range c.texts {
		c.amend(r, false)
	}
}

// keepWords lets what has joined an operation be stored with it.
func (c *Client) keepWords() {
	if c.keeper != nil {
		c.post(func() {
			c.seal()
			c.unseal()
		})
	}
}

func (c *Client) amend(r *replica, sealed bool) {
	w := r.content.(*writing)
	r.mu.Lock()
	w.sealed = sealed
	amends := w.amends()
	if len(w.pending) == 0 {
		delete(c.texts, r)
	}
	r.mu.Unlock()
	for _, in := range amends {
		c.say(in)
	}
}

// say lets the core know other words.
func (c *Client) say(in core.Amend) {
	for _, effect := range c.core.Step(c.now(), in) {
		switch e := effect.(type) { // it has no others
		case core.Wait:
			c.wait(e.Until)
		case core.Keep:
			c.keep(e)
		}
	}
}

// identifyTexts lets texts follow the client when it goes on as another one,
// before any of their operations is sent.
func (c *Client) identifyTexts() {
	for r := range c.texts {
		r.fold()
		r.mu.Lock()
		r.identify()
		r.mu.Unlock()
	}
}
