package hub

import "github.com/tuttisync/tutti/protocol"

// maxNotices is how many redactions may wait for the reader of a stream.
const maxNotices = 1024

// tooSlow ends a reader who takes nothing while more and more is to be told.
func tooSlow() *protocol.Error {
	return protocol.Errorf(protocol.Overloaded, "More is to be told than was read.")
}

// redacted tells the peer of a redaction, if it reads the topic.
func (c *Conn) redacted(topic string, offset uint64) {
	c.mu.Lock()
	if cur := c.topics[topic]; cur == nil || cur.closed {
		c.mu.Unlock()
		return
	}
	if c.unsaid() >= maxReplies {
		c.mu.Unlock()
		c.end(tooSlow())
		return
	}
	c.notify(&protocol.Redacted{Topic: topic, Offset: offset})
	start := c.schedule()
	c.mu.Unlock()
	c.queue(start)
}

func (c *Conn) sub() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.Identity().Sub
}

func (c *Conn) leave(reason *protocol.Error) { c.end(reason) }

// redacted keeps a redaction for Next, if the stream reads the topic.
func (s *Stream) redacted(topic string, offset uint64) {
	for i, t := range s.config.Topics {
		if t.Topic != topic {
			continue
		}
		s.mu.Lock()
		full := len(s.notices) >= maxNotices
		if !full {
			s.notices = append(s.notices, Batch{Index: i, Redacted: offset})
		}
		s.mu.Unlock()
		if full {
			s.fail(tooSlow())
			return
		}
		s.signal()
		return
	}
}

func (s *Stream) sub() string { return s.config.Identity.Sub }

func (s *Stream) leave(reason *protocol.Error) { s.fail(reason) }
