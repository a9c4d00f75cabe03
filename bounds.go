package tutti

import (
	"fmt"

	"github.com/tuttisync/tutti/internal/gate"
)

// Bounds are what a server takes of one address, one user, one connection, and
// of all of them together. A field that is 0 takes its default, a negative one
// is no bound. Rates allow five seconds' worth at once.
//
// Addresses of this machine and of private networks have no bounds of their
// own. Config.TrustedProxies says which peers tell whose requests they pass on.
type Bounds struct {
	AddressConnections int // of one address (IPv6: one /64) at a time; 0: 5,000
	UserConnections    int // of one user at a time; 0: 1,000
	AddressConnects    int // connections that one address opens in a second; 0: 200
	Connects           int // connections that are opened in a second; 0: 5,000

	Commands int // of one connection in a second; 0: 1,000
	Bytes    int // of them; and of bodies of one user, or address; 0: 2 MiB
	Requests int // over HTTP of one user, or of one address without a user, in a second; 0: 1,000

	Fragments     int // frames of one WebSocket message; 0: 64
	OutboundBytes int // that wait for one connection to take them; 0: 4 MiB
	OutboundTotal int // that wait for all; 0: 256 MiB

	PresenceBytes int // of all members of topics together; 0: 64 MiB
}

// complete returns the bounds with their defaults, and 0 for none. In dev
// there are no rates.
func (b Bounds) complete(dev bool) Bounds {
	for _, f := range []struct {
		value     *int
		otherwise int
		rate      bool
	}{
		{&b.AddressConnections, 5000, false},
		{&b.UserConnections, 1000, false},
		{&b.AddressConnects, 200, true},
		{&b.Connects, 5000, true},
		{&b.Commands, 1000, true},
		{&b.Bytes, 2 << 20, true},
		{&b.Requests, 1000, true},
		{&b.Fragments, 64, false},
		{&b.OutboundBytes, 4 << 20, false},
		{&b.OutboundTotal, 256 << 20, false},
		{&b.PresenceBytes, 64 << 20, false},
	} {
		switch {
		case *f.value < 0, dev && f.rate:
			*f.value = 0
		case *f.value == 0:
			*f.value = f.otherwise
		}
	}
	return b
}

// gate makes what the bounds of addresses and users are kept by.
func (c *Config) gate(b Bounds) *gate.Gate {
	return gate.New(gate.Config{
		AddressConnections: b.AddressConnections, UserConnections: b.UserConnections,
		AddressConnects: b.AddressConnects, Connects: b.Connects,
		Requests: b.Requests, Bytes: b.Bytes, FrameBytes: c.Limits.FrameBytes,
	})
}

func (c *Config) proxies() (gate.Proxies, error) {
	proxies, err := gate.ParseProxies(c.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("tutti: Config.TrustedProxies: %w", err)
	}
	return proxies, nil
}
