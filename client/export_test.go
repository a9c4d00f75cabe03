package client

import "github.com/tuttisync/tutti/client/internal/keep"

// OnDisk returns options with which the directories of clients are opened otherwise.
func (o Options) OnDisk(open func(dir string) (keep.Store, error)) Options {
	o.open = open
	return o
}

// Besides returns how many clients beside this one have not ended.
func (c *Client) Besides() (n int) {
	for _, side := range c.sides {
		select {
		case <-side.done:
		default:
			n++
		}
	}
	return n
}
