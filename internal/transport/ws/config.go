package ws

import (
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// Config sets the limits of a connection. A field that is zero or negative
// takes its default.
type Config struct {
	// MaxMessage is the largest message taken, in bytes over all its
	// fragments, both as it comes and inflated. Default: protocol.DefaultLimits().FrameBytes.
	MaxMessage int
	// MaxFragments is the largest number of frames of one message. Default 64.
	MaxFragments int
	// WriteTimeout is how long a stalled write may take to finish before the
	// connection is given up. Default 10 s.
	WriteTimeout time.Duration
	// CloseTimeout is how long a connection may outlive its end: the time for a
	// stalled write, our close frame and the peer's answer. Default 5 s.
	CloseTimeout time.Duration
	// Subprotocol is what a client must offer. Default protocol.Version.
	Subprotocol string
	// Compression takes up permessage-deflate (RFC 7692) where a client offers
	// it, with no context takeover either way.
	Compression bool
}

func (c Config) withDefaults() Config {
	if c.MaxMessage <= 0 {
		c.MaxMessage = protocol.DefaultLimits().FrameBytes
	}
	if c.MaxFragments <= 0 {
		c.MaxFragments = 64
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 10 * time.Second
	}
	if c.CloseTimeout <= 0 {
		c.CloseTimeout = 5 * time.Second
	}
	if c.Subprotocol == "" {
		c.Subprotocol = protocol.Version
	}
	return c
}
