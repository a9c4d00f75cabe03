package chaos

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// Config is how a Proxy is made. Target must be set.
type Config struct {
	Listen string // host:port; empty: a free port of 127.0.0.1
	Target string // host:port that all is forwarded to

	Rules []Rule
	Seed  uint64 // of all chance

	// Exempt is a path that no rule is for, with all below it. Empty: none.
	Exempt string

	// MaxConnections at a time; more are closed at once. 0: 10,000.
	MaxConnections int
	// BufferBytes is what a buffer fault holds of one answer. When an answer
	// outgrows it, all that is held goes to the client and holding begins anew.
	// 0: 1 MiB.
	BufferBytes int

	Logger *slog.Logger // nil: slog.Default()
}

func (c *Config) complete() error {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 10_000
	}
	if c.BufferBytes == 0 {
		c.BufferBytes = 1 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch host, port, err := net.SplitHostPort(c.Target); {
	case err != nil || host == "" || port == "":
		return fmt.Errorf("chaos: Config.Target: %.80q is not host:port", c.Target)
	case c.MaxConnections < 0 || c.BufferBytes < 0:
		return errors.New("chaos: Config.MaxConnections and Config.BufferBytes are not negative")
	}
	return nil
}
