package load

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti/protocol"
)

const (
	patience = 30 * time.Second // how long an answer may take
	readSize = 2 << 10          // of a socket's own buffer
)

// Target is a server and how to be let in.
type Target struct {
	URL   string // http(s)://host[:port][/prefix]
	Token string // shown in hello; empty: none
}

// Client is a client that a socket proves.
type Client struct {
	secret protocol.Secret
	run    uint64
}

// NewClient makes a client that no server knows yet.
func NewClient() (*Client, error) {
	secret, err := protocol.NewSecret(rand.Reader, time.Now())
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &Client{secret: secret}, nil
}

// Dial opens a connection that proves the client, in its next run, and
// subscribes to topics. It returns when the server has answered all.
func (t *Target) Dial(ctx context.Context, c *Client, topics ...protocol.Subscribe) (*Socket, error) {
	address, err := t.address()
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	dialer := ws.Dialer{Timeout: patience, Protocols: []string{protocol.Version}}
	conn, early, _, err := dialer.Dial(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if early == nil {
		early = bufio.NewReaderSize(conn, readSize)
	}
	s := &Socket{conn: conn, frames: NewFrames(early), seqs: make(map[string]uint64)}
	c.run++
	hello := &protocol.Hello{Token: t.Token, Clients: []protocol.ClientProof{{Secret: c.secret, Run: c.run}}, Topics: topics}
	if err := s.greet(hello); err != nil {
		s.Close()
		return nil, fmt.Errorf("greet: %w", err)
	}
	return s, nil
}

// address is that of the WebSocket.
func (t *Target) address() (string, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return "", err
	}
	switch {
	case u.Scheme == "http" && u.Host != "":
		u.Scheme = "ws"
	case u.Scheme == "https" && u.Host != "":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("%q is not http(s)://host[:port][/prefix]", t.URL)
	}
	return strings.TrimRight(u.String(), "/") + "/v1/ws", nil
}
