package session

import (
	"time"

	"github.com/tuttisync/tutti/internal/bucket"
	"github.com/tuttisync/tutti/protocol"
)

// least is the shortest time that a peer above its rate is told to wait: what
// it resends then meets more than a single token.
const least = 500 * time.Millisecond

// pace is how fast a peer may say things. What is above the rate is refused
// (rules LIMIT-7 and LIMIT-8). As much again may be refused; a peer that sends
// even more is read no faster than that (rule LIMIT-10).
type pace struct {
	served, refused buckets
	until           time.Time // nothing is to be read before; zero: reading goes on
}

// buckets are made when they are first needed: most readers say next to
// nothing.
type buckets struct {
	made            bool
	commands, bytes *bucket.Bucket
}

func (b *buckets) want(c *Config, size int) (one, all bucket.Want) {
	if !b.made {
		b.made = true
		b.commands = bucket.New(c.Commands, 1)
		b.bytes = bucket.New(c.Bytes, c.Limits.FrameBytes)
	}
	return bucket.Want{Bucket: b.commands, N: 1}, bucket.Want{Bucket: b.bytes, N: size}
}

// take counts a message of size bytes, and returns why it is not to be served.
func (p *pace) take(now time.Time, c *Config, size int) *protocol.Error {
	if c.Commands == 0 && c.Bytes == 0 {
		return nil
	}
	one, all := p.served.want(c, size)
	wait := bucket.Take(now, one, all)
	if wait == 0 {
		return nil
	}
	one, all = p.refused.want(c, size)
	if debt := bucket.Owe(now, one, all); debt > 0 {
		p.until = now.Add(debt)
	}
	err := protocol.Errorf(protocol.RateLimited, "More bytes come than %d a second.", c.Bytes).Of(protocol.BytesLimit)
	if b := p.served.commands; b != nil && b.TokensAt(now) < 1 {
		err = protocol.Errorf(protocol.RateLimited, "More commands come than %d a second.", c.Commands).Of(protocol.CommandsLimit)
	}
	return err.After(max(wait, least))
}

// Slow says whether nothing more is to be read of the peer for now: it has been
// sending far more than it may.
func (s *Session) Slow(now time.Time) bool { return now.Before(s.pace.until) }
