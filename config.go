package tutti

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// Names of other packages that stand in this one's API.
type (
	// Identity is who someone is and what they may do.
	Identity = auth.Identity
	// Grant gives verbs on topics.
	Grant = auth.Grant
	// Verb is something to do with a topic.
	Verb = auth.Verb
	// Key checks or signs tokens.
	Key = auth.Key
	// Position is a place in a topic's log.
	Position = protocol.Position
	// Entry is one entry of a topic's log.
	Entry = protocol.Entry
	// Limits are what a server takes from one connection.
	Limits = protocol.Limits
	// Error is a failure as clients are told it.
	Error = protocol.Error
)

const (
	authGrace = 30 * time.Second // rule AUTH-4
	sseRetry  = 2 * time.Second
)

// Config is how a server is made. The zero Config is a server in memory that
// lets nobody in but the program itself.
type Config struct {
	// Dir is the directory of the store; empty: all is kept in memory.
	Dir string
	// Store is used in place of one in Dir. The server does not close it.
	Store store.Log

	// Namespaces are those that exist; nil: every namespace does, with the zero
	// Namespace. The namespace user always exists.
	Namespaces map[string]Namespace
	// AnyNamespace makes namespaces that Namespaces does not name exist too.
	AnyNamespace bool

	// Keys check tokens; none: no token is valid. Issuer and Audience are
	// demanded of tokens if set. Leeway forgives clocks that differ; 0: 10 s.
	Keys     []Key
	Issuer   string
	Audience string
	Leeway   time.Duration

	// Dev lets everyone in with all rights and a made-up name, and pages of
	// this machine. Only for servers that nobody else can reach.
	Dev bool
	// Origins are of other pages that may use the server, as
	// scheme://host[:port]. * is any, and does not go with an Authenticate that
	// looks at cookies: any page could then act for its visitor.
	Origins []string

	// The application's hooks; see AuthenticateFunc, AuthorizeFunc,
	// OnPublishFunc and OnOccupancyFunc. HookTimeout bounds each call; 0: 5 s.
	Authenticate AuthenticateFunc
	Authorize    AuthorizeFunc
	OnPublish    OnPublishFunc
	OnOccupancy  OnOccupancyFunc
	HookTimeout  time.Duration

	Limits       Limits        // zero fields: those of protocol.DefaultLimits
	HelloTimeout time.Duration // from a connection to its hello; 0: 5 s
	Ping         time.Duration // longest silence; 0: 25 s
	Grace        time.Duration // beyond Ping, until a silent peer is gone; 0: 10 s
	// Bounds are of what comes over those connections, and from where.
	Bounds Bounds
	// TrustedProxies are networks (10.0.0.0/8) or addresses of proxies whose
	// X-Forwarded-For says who the client is. Nobody else's is looked at.
	TrustedProxies []string
	// MaxConnections bounds WebSockets and SSE streams at a time; 0: 100,000.
	MaxConnections int
	Stall          time.Duration // longest time that one write may take; 0: 30 s

	// Compression compresses entries, each once for all its readers, for
	// WebSockets whose client offers permessage-deflate.
	Compression bool
	// Drain is the time over which Drain and Close tell connections, evenly, to
	// come back elsewhere; 0: 10 s, negative: all at once.
	Drain time.Duration

	Site fs.FS // served at /; nil: nothing is

	Logger *slog.Logger // nil: slog.Default()
}

// Namespace is how the topics of one namespace behave. The zero Namespace is
// durable, keeps all, and lets no anonymous visitor in.
type Namespace struct {
	Memory    bool          // the log lives as long as the process
	KeepCount int           // entries that are kept; 0: all
	KeepAge   time.Duration // how long entries are kept; 0: for ever
	// Latest lets a reader that is behind, so that it cannot be served from
	// memory, skip to the newest entry of each Key of what it missed.
	Latest    bool
	Anonymous []Verb // what visitors without a token may do
	// Type makes its topics documents: counter, set or records; empty: they are
	// messages. Where every namespace exists, one that Namespaces does not name,
	// and that has the name of a type, is of that type.
	Type     string
	Presence Presence // who is in its topics
}

// Presence says what is told of who is in the topics of a namespace. The zero
// Presence lists members.
type Presence struct {
	Mode  PresenceMode
	List  int           // members of one topic that are listed, those who came first; 0: 500
	Grace time.Duration // how long a member stays whose connection has ended; 0: 5 s
	Lease time.Duration // how long one stays after its last heartbeat over HTTP; 0: 30 s
	Tick  time.Duration // watchers are told no more often; 0: 50 ms
}

// PresenceMode is what is told of who is in a topic.
type PresenceMode string

// The modes of presence.
const (
	PresenceList  PresenceMode = ""      // members, with their states
	PresenceCount PresenceMode = "count" // how many there are
	PresenceNone  PresenceMode = "none"  // nothing
)

func (p Presence) hub() hub.Presence {
	h := hub.Presence{None: p.Mode == PresenceNone, List: p.List, Grace: p.Grace, Lease: p.Lease, Tick: p.Tick}
	if p.Mode == PresenceCount {
		h.List = -1
	}
	return h
}

func (c *Config) validate() error {
	switch {
	case c.Dir != "" && c.Store != nil:
		return errors.New("tutti: give Config.Dir or Config.Store, not both")
	case c.Dev && (len(c.Keys) > 0 || c.Authenticate != nil):
		return errors.New("tutti: Config.Dev lets everyone in; it does not go with Keys or Authenticate")
	}
	for name, ns := range c.Namespaces {
		if name == "" || strings.Contains(name, ":") {
			return fmt.Errorf("tutti: Config.Namespaces: %q is not a namespace: it is the part of a topic before the first colon", name)
		}
		if ns.KeepCount < 0 || ns.KeepAge < 0 {
			return fmt.Errorf("tutti: Config.Namespaces[%q]: retention is not negative", name)
		}
		if p := ns.Presence; p.List < 0 || p.Grace < 0 || p.Lease < 0 || p.Tick < 0 {
			return fmt.Errorf("tutti: Config.Namespaces[%q]: nothing of Presence is negative", name)
		}
		if m := ns.Presence.Mode; m != PresenceList && m != PresenceCount && m != PresenceNone {
			return fmt.Errorf("tutti: Config.Namespaces[%q]: there is no presence mode %q", name, m)
		}
		if ns.Type != "" && registry.Kind(ns.Type) == nil {
			return fmt.Errorf("tutti: Config.Namespaces[%q]: there is no type %q", name, ns.Type)
		}
		if ns.Type != "" && ns.Latest {
			return fmt.Errorf("tutti: Config.Namespaces[%q]: readers of a document skip nothing; Latest does not go with Type", name)
		}
	}
	return nil
}

func (c *Config) setDefaults() {
	d := protocol.DefaultLimits()
	l := &c.Limits
	for _, f := range []struct{ value, otherwise *int }{
		{&l.MessageBytes, &d.MessageBytes},
		{&l.FrameBytes, &d.FrameBytes},
		{&l.Topics, &d.Topics},
		{&l.Clients, &d.Clients},
		{&l.Voids, &d.Voids},
		{&l.Depth, &d.Depth},
		{&l.Members, &d.Members},
		{&l.Page, &d.Page},
		{&l.DocumentBytes, &d.DocumentBytes},
		{&l.StateBytes, &d.StateBytes},
	} {
		if *f.value == 0 {
			*f.value = *f.otherwise
		}
	}
	for _, f := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{
		{&c.Leeway, 10 * time.Second},
		{&c.HookTimeout, 5 * time.Second},
		{&c.HelloTimeout, 5 * time.Second},
		{&c.Ping, 25 * time.Second},
		{&c.Grace, 10 * time.Second},
		{&c.Stall, 30 * time.Second},
		{&c.Drain, 10 * time.Second},
	} {
		if *f.value == 0 {
			*f.value = f.otherwise
		}
	}
	c.Drain = max(c.Drain, 0)
	if c.MaxConnections == 0 {
		c.MaxConnections = 100_000
	}
	if c.Namespaces == nil {
		c.AnyNamespace = true
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

func (c *Config) namespace(topic string) (hub.Namespace, error) {
	name := protocol.Namespace(topic)
	ns, ok := c.Namespaces[name]
	if !ok && !c.AnyNamespace && name != auth.UserNamespace {
		return hub.Namespace{}, protocol.Errorf(protocol.UnknownNamespace, "The namespace %q is not configured.", name)
	}
	typ := ns.Type
	if !ok && c.AnyNamespace {
		typ = name
	}
	return hub.Namespace{
		Memory: ns.Memory, KeepCount: uint64(ns.KeepCount), KeepAge: ns.KeepAge, Latest: ns.Latest,
		Type: registry.Kind(typ), Presence: ns.Presence.hub(),
	}, nil
}

func (c *Config) policy() auth.PolicyConfig {
	p := auth.PolicyConfig{AnyNamespace: c.AnyNamespace, Namespaces: make(map[string][]Verb)}
	for name, ns := range c.Namespaces {
		p.Namespaces[name] = ns.Anonymous
	}
	return p
}

// identifier returns how a token becomes an identity when the application has
// no hook for it.
func (c *Config) identifier() (func(string, protocol.Secret) (Identity, error), error) {
	if c.Dev {
		return func(token string, secret protocol.Secret) (Identity, error) { return guest(token, secret), nil }, nil
	}
	if len(c.Keys) == 0 {
		return func(token string, _ protocol.Secret) (Identity, error) {
			if token != "" {
				return Identity{}, protocol.Errorf(protocol.BadToken, "This server has no keys to check tokens with.")
			}
			return Identity{}, nil
		}, nil
	}
	verifier, err := auth.NewVerifier(auth.Config{Keys: c.Keys, Issuer: c.Issuer, Audience: c.Audience, Leeway: c.Leeway})
	if err != nil {
		return nil, fmt.Errorf("configure tokens: %w", err)
	}
	return func(token string, _ protocol.Secret) (Identity, error) {
		if token == "" {
			return Identity{}, nil
		}
		return verifier.Verify(token, time.Now())
	}, nil
}

func (c *Config) hooks() hub.Hooks {
	h := hub.Hooks{Timeout: c.HookTimeout, Authenticate: c.Authenticate, Authorize: c.authorize()}
	if c.OnPublish != nil {
		h.Publish = func(ctx context.Context, id Identity, m *hub.Message) error { return c.onPublish(ctx, id, m) }
	}
	h.Occupancy = c.OnOccupancy
	return h
}

var _ http.Handler = (*Server)(nil)
