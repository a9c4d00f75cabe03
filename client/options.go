package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/client/internal/shelf"
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

	// Roads are the ways to the server that may be taken, best first: "ws" (a
	// WebSocket), "sse" (a stream of events, and POST), "poll" (long-polling,
	// and POST). The client steps down where a network blocks one, and climbs
	// up again. Empty: all three, in this order.
	Roads []string

	// Header is sent with each request that the client makes.
	Header http.Header

	// TLS configures wss and https; nil is the default. It is not used with
	// HTTPClient.
	TLS *tls.Config

	// HTTPClient makes the requests; its Timeout is not used. For WebSockets it
	// must speak HTTP/1.1. Nil: one of the client's own, which uses the proxy
	// that the environment names.
	HTTPClient *http.Client

	// ReadLimit is the longest frame, event or answer that is read, in bytes; a
	// longer one ends the connection. 0: 16 MiB.
	ReadLimit int64

	// OnStatus, if not nil, is called after each change of the state, as by
	// [Client.OnStatus], from the first on: what happens to a client before
	// Connect has returned is not missed.
	OnStatus func(Status)

	// Dir is where the client keeps what is not settled, and documents that are
	// opened offline, beyond the life of the process: a directory that is made if
	// there is none. Several processes may name the same one. Empty: nowhere.
	Dir string

	// User is whose it is what is kept: nobody else is shown it. Empty: the sub of
	// StaticToken. With Dir and Token it has to be given, so that documents open
	// without a network.
	User string

	// Version is that of the application's schema, for Migrate.
	Version int

	// Migrate carries an entry that was made for another version over to this one,
	// or returns false: it cannot be. Return the one that it is given, changed: what
	// is empty is empty then. It is called from within Connect. Nil: none can.
	Migrate func(OldEntry) (OldEntry, bool)

	// OnError, if not nil, is called with what goes wrong with what is kept, as handlers
	// are: a storage_failed that wraps its reason, or queue_full when the oldest of more
	// than 1,000 dead letters is given up. Nil: it goes to Logger.
	OnError func(error)

	// Buffer is how many entries and status changes wait for slow handlers
	// before reading stops. 0: 1024.
	Buffer int

	// Logger gets panics of handlers (error) and the ends of connections
	// (debug). Nil: nothing is logged.
	Logger *slog.Logger

	open func(dir string) (keep.Store, error) // opens the directory of a client
}

func (o Options) withDefaults() (Options, error) {
	if o.ReadLimit < 0 || o.Buffer < 0 {
		return o, protocol.Errorf(protocol.BadMessage, "ReadLimit and Buffer are not negative.")
	}
	if o.ReadLimit == 0 {
		o.ReadLimit = 16 << 20
	}
	if err := checkRoads(o.Roads); err != nil {
		return o, err
	}
	if o.Roads = slices.Clone(o.Roads); len(o.Roads) == 0 {
		o.Roads = allRoads()
	}
	if o.Dir != "" && o.User == "" && o.Token != nil {
		return o, protocol.Errorf(protocol.BadMessage, "With Dir and Token the options name the User.")
	}
	if o.User == "" {
		o.User = subOf(o.StaticToken)
	}
	if o.open == nil {
		o.open = func(dir string) (keep.Store, error) { return shelf.Open(dir) }
	}
	if o.Migrate == nil {
		o.Migrate = func(OldEntry) (OldEntry, bool) { return OldEntry{}, false }
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

func allRoads() []string { return []string{core.RoadWS, core.RoadSSE, core.RoadPoll} }

func checkRoads(roads []string) error {
	for i, r := range roads {
		if !slices.Contains(allRoads(), r) {
			return protocol.Errorf(protocol.BadMessage, "The roads are ws, sse and poll, not %.20q.", r)
		}
		if slices.Contains(roads[:i], r) {
			return protocol.Errorf(protocol.BadMessage, "The road %s stands twice in Roads.", r)
		}
	}
	return nil
}

// endpoint turns a server's address, with or without a path prefix, into the
// one that the paths of the protocol are appended to.
func endpoint(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", protocol.Errorf(protocol.BadMessage, "The address cannot be read: %v", err)
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		return "", protocol.Errorf(protocol.BadMessage, "The address begins with http, https, ws or wss, not %.20q.", u.Scheme)
	}
	if u.Host == "" {
		return "", protocol.Errorf(protocol.BadMessage, "The address names no host.")
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	return strings.TrimRight(u.JoinPath().String(), "/"), nil
}

// httpClient makes the client for all requests. They are few and long, so it
// speaks HTTP/1.1 alone, which a WebSocket needs for its upgrade.
func (o Options) httpClient() *http.Client {
	if o.HTTPClient != nil {
		own := *o.HTTPClient
		own.Timeout = 0
		return &own
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     o.TLS.Clone(),
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
	}}
}

// unredirected is a client that follows no redirect: what it sends holds the
// token and the client's secret.
func unredirected(c *http.Client) *http.Client {
	same := *c
	same.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &same
}
