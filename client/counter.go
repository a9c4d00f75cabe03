package client

import (
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc"
)

// Counter is a number to which each add counts once.
type Counter struct{ *Document }

// OpenCounter opens a topic as a counter. It returns at once: [Document.Ready]
// waits, and tells what is wrong with the topic.
func OpenCounter(c *Client, topic string, options DocumentOptions) *Counter {
	return &Counter{c.open(topic, counter.Type, options)}
}

// Value returns the number, with what is pending.
func (c *Counter) Value() int64 {
	shown, _ := c.get("")
	return number(shown)
}

// Confirmed returns the number as the server has it, without what is pending.
func (c *Counter) Confirmed() int64 {
	_, confirmed := c.get("")
	return number(confirmed)
}

// Add adds n, which is not 0. Local is the number after it.
func (c *Counter) Add(n int64) Made[int64] {
	m, differences := c.mutate(counter.Add{N: n}, nil, nil)
	if len(differences) == 0 {
		return Made[int64]{m, c.Value()}
	}
	return Made[int64]{m, number(differences[0].After)}
}

func number(cell doc.Cell) int64 {
	n, _ := cell.(int64)
	return n
}
