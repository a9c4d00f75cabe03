package gate

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses whose word about who stands behind them is taken.
type Proxies []netip.Prefix

// ParseProxies reads networks (10.0.0.0/8, fd00::/8) and single addresses.
func ParseProxies(networks []string) (Proxies, error) {
	var all Proxies
	for _, text := range networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			one, oneErr := netip.ParseAddr(text)
			if oneErr != nil || one.Zone() != "" {
				return nil, fmt.Errorf("%.60q is not a network like 10.0.0.0/8 or an address like 10.0.0.1", text)
			}
			p = netip.PrefixFrom(one, one.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%.60q is an IPv4 address in the form of IPv6; write it as IPv4", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// ClientOf returns the address of the client that made a request; the zero Addr
// if there is none (a Unix socket).
func (p Proxies) ClientOf(r *http.Request) netip.Addr {
	return p.client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
}

// client finds the client behind trusted proxies: from the socket's other end
// it goes through X-Forwarded-For from right to left, past trusted addresses
// only, so nothing that an untrusted peer wrote counts. Where a trusted proxy
// wrote no address, or nobody stands behind it, it is the client itself.
func (p Proxies) client(remote string, forwarded []string) netip.Addr {
	at := parseHop(remote)
	for i := len(forwarded) - 1; i >= 0 && p.trusts(at); i-- {
		list := forwarded[i]
		for more := true; more && p.trusts(at); {
			var hop string
			hop, list, more = lastHop(list)
			addr := parseHop(hop)
			if !addr.IsValid() {
				return at
			}
			at = addr
		}
	}
	return at
}

// lastHop cuts the last item off a comma-separated list.
func lastHop(list string) (hop, before string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return list, "", false
	}
	return list[i+1:], list[:i], true
}

func (p Proxies) trusts(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// parseHop reads an address, with a port or without; the zero Addr if it is
// none.
func parseHop(text string) netip.Addr {
	text = strings.Trim(text, " \t")
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		pair, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}
		}
		addr = pair.Addr()
	}
	return addr.Unmap().WithZone("")
}

// group is what counts as one address: an IPv4 address, or an IPv6 /64. False:
// the address has no bound of its own.
func group(addr netip.Addr) (netip.Prefix, bool) {
	if !addr.IsValid() || addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() {
		return netip.Prefix{}, false
	}
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	g, err := addr.Prefix(bits)
	return g, err == nil
}
