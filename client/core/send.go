package core

import "github.com/tuttisync/tutti/protocol"

// send gathers a message for the frame at the end of the step.
func (c *Core) send(message any) {
	c.out = append(c.out, protocol.Append(nil, message))
}

// flush turns what was gathered into frames, none longer than the server
// takes unless one message alone is.
func (c *Core) flush() {
	for rest := c.out; len(rest) > 0; {
		n, size := 1, len(`[]`)+len(rest[0])
		for n < len(rest) && size+len(`,`)+len(rest[n]) <= c.limits.FrameBytes {
			size += len(`,`) + len(rest[n])
			n++
		}
		c.emit(Send{frame(rest[:n], size)})
		rest = rest[n:]
	}
	c.out = nil
}

func frame(messages [][]byte, size int) []byte {
	if len(messages) == 1 {
		return messages[0]
	}
	b := append(make([]byte, 0, size), '[')
	for i, m := range messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, m...)
	}
	return append(b, ']')
}
