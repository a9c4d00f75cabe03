package config

import (
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// Config is everything that can be set. A tag is a key's name in the file.
type Config struct {
	Addr     string `yaml:"addr"`     // host:port to listen on
	BasePath string `yaml:"basePath"` // path that all others stand under; "" or /…, no slash at the end
	Dev      bool   `yaml:"dev"`      // open to everyone, on loopback only
	Data     string `yaml:"data"`     // directory of the store
	Memory   bool   `yaml:"memory"`   // keep nothing on disk
	// Drain is the time over which connections are told to go at the end; 0:
	// all at once.
	Drain   time.Duration `yaml:"drain"`
	Origins []string      `yaml:"origins"` // of pages that may use the server beside its own; * is any

	TrustedProxies []string `yaml:"trustedProxies"` // networks and addresses of proxies that say who the client is

	Compression bool `yaml:"compression"` // of entries to WebSockets that offer it

	TLS          TLS                  `yaml:"tls"`
	Auth         Auth                 `yaml:"auth"`
	Namespaces   map[string]Namespace `yaml:"namespaces"`
	AnyNamespace bool                 `yaml:"anyNamespace"` // others exist too, with the defaults; always so in dev
	Limits       Limits               `yaml:"limits"`
	Log          Log                  `yaml:"log"`
}

// Namespace is how the topics of one namespace behave.
type Namespace struct {
	Type       string      `yaml:"type"` // messages, or the name of a type of documents
	Durability Durability  `yaml:"durability"`
	Retention  Retention   `yaml:"retention"`
	Delivery   Delivery    `yaml:"delivery"`
	Anonymous  []auth.Verb `yaml:"anonymous"` // what everybody may, with a token or without
	Presence   Presence    `yaml:"presence"`
}

// Presence is who is in the topics of a namespace.
type Presence struct {
	Mode  PresenceMode  `yaml:"mode"`
	List  int           `yaml:"list"`  // members of a topic that are listed
	Grace time.Duration `yaml:"grace"` // how long a member stays whose connection has ended
	Lease time.Duration `yaml:"lease"` // how long one stays that has none
	Tick  time.Duration `yaml:"tick"`  // watchers are told no more often
}

// PresenceMode is what is told of who is in a topic.
type PresenceMode string

// The modes of presence.
const (
	ListMembers  PresenceMode = "list"
	CountMembers PresenceMode = "count" // how many there are
	NoPresence   PresenceMode = "none"
)

// Messages is the Type of topics that are logs and no documents.
const Messages = "messages"

// Durability is what an acknowledgement promises.
type Durability string

// The durabilities.
const (
	Durable Durability = "durable" // an acknowledged entry survives a crash
	Memory  Durability = "memory"  // the log lives as long as the process
)

// Delivery is what a reader that is behind gets of what it missed.
type Delivery string

// The deliveries.
const (
	All    Delivery = "all"
	Latest Delivery = "latest" // the newest entry of each key
)

// Retention bounds a topic's log: what is beyond either bound is forgotten,
// oldest first.
type Retention struct {
	Count int           `yaml:"count"` // entries; 0: no bound
	Age   time.Duration `yaml:"age"`   // 0: no bound
}

// Limits are what one server takes.
type Limits struct {
	MessageBytes Size `yaml:"messageBytes"`
	FrameBytes   Size `yaml:"frameBytes"`
	Topics       int  `yaml:"topics"`
	Clients      int  `yaml:"clients"`
	Voids        int  `yaml:"voids"`
	Depth        int  `yaml:"depth"`
	Members      int  `yaml:"members"`
	Page         int  `yaml:"page"`

	DocumentBytes Size `yaml:"documentBytes"`
	StateBytes    Size `yaml:"stateBytes"`    // of one member's state
	PresenceBytes Size `yaml:"presenceBytes"` // of all members together

	HelloTimeout   time.Duration `yaml:"helloTimeout"`   // from the connection to its hello
	Ping           time.Duration `yaml:"ping"`           // longest silence of the server
	Grace          time.Duration `yaml:"grace"`          // beyond Ping, until a silent peer counts as gone
	HookTimeout    time.Duration `yaml:"hookTimeout"`    // of one call of an application's hook
	MaxConnections int           `yaml:"maxConnections"` // at a time

	// 0 in what follows is no bound.
	AddressConnections int `yaml:"addressConnections"` // of one address at a time
	UserConnections    int `yaml:"userConnections"`    // of one user at a time
	AddressConnects    int `yaml:"addressConnects"`    // by one address in a second
	Connects           int `yaml:"connects"`           // by all in a second

	Commands int  `yaml:"commands"` // of one connection in a second
	Bytes    Size `yaml:"bytes"`    // of them
	Requests int  `yaml:"requests"` // of one user or address in a second

	Fragments     int  `yaml:"fragments"`     // of one message; at least 1
	OutboundBytes Size `yaml:"outboundBytes"` // that wait for one connection
	OutboundTotal Size `yaml:"outboundTotal"` // that wait for all
}

// Protocol returns the limits that the server tells its clients.
func (l Limits) Protocol() protocol.Limits {
	return protocol.Limits{
		MessageBytes: int(l.MessageBytes),
		FrameBytes:   int(l.FrameBytes),
		Topics:       l.Topics,
		Clients:      l.Clients,
		Voids:        l.Voids,
		Depth:        l.Depth,
		Members:      l.Members,
		Page:         l.Page,

		DocumentBytes: int(l.DocumentBytes),
		StateBytes:    int(l.StateBytes),
	}
}

// Default returns the configuration of a server that was told nothing.
func Default() *Config {
	l := protocol.DefaultLimits()
	return &Config{
		Addr:  "127.0.0.1:8080",
		Data:  "data",
		Drain: 10 * time.Second,
		Auth:  Auth{Leeway: 10 * time.Second},
		Namespaces: map[string]Namespace{
			auth.UserNamespace: defaultNamespace(),
		},
		Limits: Limits{
			MessageBytes:   Size(l.MessageBytes),
			FrameBytes:     Size(l.FrameBytes),
			Topics:         l.Topics,
			Clients:        l.Clients,
			Voids:          l.Voids,
			Depth:          l.Depth,
			Members:        l.Members,
			Page:           l.Page,
			DocumentBytes:  Size(l.DocumentBytes),
			StateBytes:     Size(l.StateBytes),
			PresenceBytes:  64 << 20,
			HelloTimeout:   5 * time.Second,
			Ping:           25 * time.Second,
			Grace:          10 * time.Second,
			HookTimeout:    5 * time.Second,
			MaxConnections: 100_000,

			AddressConnections: 5000,
			UserConnections:    1000,
			AddressConnects:    200,
			Connects:           5000,
			Commands:           1000,
			Bytes:              2 << 20,
			Requests:           1000,
			Fragments:          64,
			OutboundBytes:      4 << 20,
			OutboundTotal:      256 << 20,
		},
		Log: Log{Level: "info", Format: "text"},
	}
}

func defaultNamespace() Namespace {
	return Namespace{Type: Messages, Durability: Durable, Delivery: All, Presence: defaultPresence()}
}

func defaultPresence() Presence {
	return Presence{Mode: ListMembers, List: 500, Grace: 5 * time.Second, Lease: 30 * time.Second, Tick: 50 * time.Millisecond}
}

// Namespace returns how the topics of a namespace behave, and whether it
// exists. It always does in dev, or where AnyNamespace is set.
func (c *Config) Namespace(name string) (Namespace, bool) {
	if ns, ok := c.Namespaces[name]; ok {
		return ns, true
	}
	if c.AnyNamespace {
		return defaultNamespace(), true
	}
	return Namespace{}, false
}

// Policy returns what the configuration says about rights.
func (c *Config) Policy() auth.PolicyConfig {
	p := auth.PolicyConfig{AnyNamespace: c.AnyNamespace, Namespaces: make(map[string][]auth.Verb, len(c.Namespaces))}
	for name, ns := range c.Namespaces {
		p.Namespaces[name] = ns.Anonymous
	}
	return p
}
