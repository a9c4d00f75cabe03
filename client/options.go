package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/tuttisync/tutti/protocol"
)

// Options say how a client connects. The zero value is an anonymous client.
type Options struct {
	// Token gives a fresh token. It is called before each connection, and when
	// the server says that the last one has expired; it may block until ctx is
	// done. An error is retried like a lost connection.
	Token func(ctx context.Context) (string, error)

	// StaticToken is used when Token is nil. When it has expired the client
	// parks. Empty: the client is anonymous.
	StaticToken string

	// Header is sent with the request that opens the connection.
	Header http.Header

	// TLS configures wss and https; nil is the default.
	TLS *tls.Config

	// ReadLimit is the longest frame that is read, in bytes; a longer one ends
	// the connection. 0: 16 MiB.
	ReadLimit int64

	// Buffer is how many entries and status changes wait for slow handlers
	// before reading stops. 0: 1024.
	Buffer int

	// Logger gets panics of handlers (error) and the ends of connections
	// (debug). Nil: nothing is logged.
	Logger *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.ReadLimit < 0 || o.Buffer < 0 {
		return o, protocol.Errorf(protocol.BadMessage, "ReadLimit and Buffer are not negative.")
	}
	if o.ReadLimit == 0 {
		o.ReadLimit = 16 << 20
	}
	if o.Buffer == 0 {
		o.Buffer = 1024
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if token := o.StaticToken; o.Token == nil && token != "" {
		o.Token = func(context.Context) (string, error) { return token, nil }
	} else {
		o.StaticToken = ""
	}
	o.Header = o.Header.Clone()
	return o, nil
}

// endpoint turns a server's address, with or without a path prefix, into that
// of its WebSocket.
func endpoint(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", protocol.Errorf(protocol.BadMessage, "The address cannot be read: %v", err)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	case "ws", "wss":
	default:
		return "", protocol.Errorf(protocol.BadMessage, "The address begins with http, https, ws or wss, not %.20q.", u.Scheme)
	}
	if u.Host == "" {
		return "", protocol.Errorf(protocol.BadMessage, "The address names no host.")
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	return u.JoinPath("v1", "ws").String(), nil
}
