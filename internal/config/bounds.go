package config

import (
	"strconv"

	"github.com/tuttisync/tutti/internal/gate"
)

// checkProxies demands networks or addresses.
func (c *Config) checkProxies(found *faults) {
	for i, network := range c.TrustedProxies {
		if _, err := gate.ParseProxies([]string{network}); err != nil {
			found.add("trustedProxies["+strconv.Itoa(i)+"]", "%v", err)
		}
	}
}

// checkBounds looks at those limits of which 0 is no bound.
func (l Limits) checkBounds(found *faults) {
	const (
		manyConnections = 10_000_000
		manyASecond     = 1_000_000
	)
	upTo(found, "limits.addressConnections", l.AddressConnections, 1, manyConnections)
	upTo(found, "limits.userConnections", l.UserConnections, 1, manyConnections)
	upTo(found, "limits.addressConnects", l.AddressConnects, 1, manyASecond)
	upTo(found, "limits.connects", l.Connects, 1, manyASecond)
	upTo(found, "limits.commands", l.Commands, 1, manyASecond)
	upTo(found, "limits.bytes", l.Bytes, 1<<10, 1<<30)
	upTo(found, "limits.requests", l.Requests, 1, manyASecond)
	upTo(found, "limits.outboundBytes", l.OutboundBytes, 2<<20, 1<<30)
	upTo(found, "limits.outboundTotal", l.OutboundTotal, 16<<20, 1<<40)
}

func upTo[T int | Size](found *faults, key string, v, low, high T) {
	if v != 0 && (v < low || v > high) {
		found.add(key, "%v is not between %v and %v, nor 0, which means no bound", v, low, high)
	}
}
