package main

import (
	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/internal/config"
)

// bounds turns limits of which 0 is no bound into the library's, of which a
// negative one is.
func bounds(l config.Limits) tutti.Bounds {
	of := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	return tutti.Bounds{
		AddressConnections: of(l.AddressConnections),
		UserConnections:    of(l.UserConnections),
		AddressConnects:    of(l.AddressConnects),
		Connects:           of(l.Connects),
		Commands:           of(l.Commands),
		Bytes:              of(int(l.Bytes)),
		Requests:           of(l.Requests),
		Fragments:          l.Fragments,
		OutboundBytes:      of(int(l.OutboundBytes)),
		OutboundTotal:      of(int(l.OutboundTotal)),
		PresenceBytes:      int(l.PresenceBytes),
	}
}
