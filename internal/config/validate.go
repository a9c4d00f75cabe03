package config

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
)

// Validate returns an error unless every value can be used. It joins all
// faults, a line each, that begins with the key. It reads the files of
// keys and of the certificate.
func (c *Config) Validate() error {
	var found faults
	c.checkAddress(&found)
	c.checkOrigins(&found)
	c.checkTLS(&found)
	c.checkProxies(&found)
	if c.Data == "" && !c.Memory {
		found.add("data", "a directory is needed, or memory: true")
	}
	if _, err := c.Auth.Config(); err != nil {
		found = append(found, err)
	}
	between(&found, "drain", c.Drain, 0, time.Hour)
	between(&found, "auth.leeway", c.Auth.Leeway, 0, 10*time.Minute)
	for _, name := range slices.Sorted(maps.Keys(c.Namespaces)) {
		c.Namespaces[name].check(&found, name)
	}
	c.Limits.check(&found)
	if _, ok := levels[c.Log.Level]; !ok {
		found.add("log.level", "%.40q is not debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		found.add("log.format", "%.40q is not text or json", c.Log.Format)
	}
	return found.join()
}

func (c *Config) checkAddress(found *faults) {
	host, port, err := net.SplitHostPort(c.Addr)
	_, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || portErr != nil:
		found.add("addr", "%.80q is not host:port with a port from 0 to 65535", c.Addr)
	case c.Dev && !loopback(host):
		found.add("addr", "with dev everybody may do everything, so it listens on loopback only (127.0.0.1, [::1] or localhost), not on %q", c.Addr)
	}
	if p := c.BasePath; p != "" && (p[0] != '/' || p != path.Clean(p) || p != (&url.URL{Path: p}).EscapedPath()) {
		found.add("basePath", "%.80q is not a path like /realtime", p)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// checkOrigins demands origins exactly as browsers send them, since they are
// compared byte for byte.
func (c *Config) checkOrigins(found *faults) {
	for i, origin := range c.Origins {
		u, err := url.Parse(origin)
		if origin == "*" || (err == nil && origin != "" && origin == originOf(u)) {
			continue
		}
		found.add("origins["+strconv.Itoa(i)+"]", "%.80q is not * or an origin as browsers send it: http or https, host, and the port if not the usual one, in lower case, with nothing behind, like https://example.com", origin)
	}
}

// originOf returns the origin of a page at u in the form that browsers send,
// "" if u is not a page's address.
func originOf(u *url.URL) string {
	if (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || strings.Contains(u.Host, "*") {
		return ""
	}
	host := u.Host
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return strings.ToLower(u.Scheme + "://" + host)
}

func (ns Namespace) check(found *faults, name string) {
	key := "namespaces." + name
	if name == "" || strings.Contains(name, ":") || protocol.CheckTopic(name) != nil {
		found.add("namespaces", "%.80q is not the name of a namespace: the part of a topic's name before the first colon", name)
		return
	}
	if ns.Type != Messages && registry.Kind(ns.Type) == nil {
		found.add(key+".type", "%.40q is not messages or a type of documents: %s", ns.Type, strings.Join(registry.Names(), ", "))
	}
	if ns.Type != Messages && ns.Delivery == Latest {
		found.add(key+".delivery", "readers of a document skip nothing: latest goes with messages alone")
	}
	if ns.Durability != Durable && ns.Durability != Memory {
		found.add(key+".durability", "%.40q is not durable or memory", ns.Durability)
	}
	if ns.Delivery != All && ns.Delivery != Latest {
		found.add(key+".delivery", "%.40q is not all or latest", ns.Delivery)
	}
	if ns.Retention.Count < 0 {
		found.add(key+".retention.count", "%d is below 0, which means no bound", ns.Retention.Count)
	}
	if ns.Retention.Age < 0 {
		found.add(key+".retention.age", "%v is below 0, which means no bound", ns.Retention.Age)
	}
	ns.Presence.check(found, key+".presence")
	for i, v := range ns.Anonymous {
		item := key + ".anonymous[" + strconv.Itoa(i) + "]"
		switch {
		case !v.Valid() || v == auth.Admin:
			found.add(item, "%.40q is not read, publish, edit, presence or history", v)
		case name == auth.UserNamespace:
			found.add(item, "users' own topics cannot be open to all")
		}
	}
}

func (p Presence) check(found *faults, key string) {
	if p.Mode != ListMembers && p.Mode != CountMembers && p.Mode != NoPresence {
		found.add(key+".mode", "%.40q is not list, count or none", p.Mode)
	}
	between(found, key+".list", p.List, 1, 100_000)
	between(found, key+".grace", p.Grace, time.Millisecond, 10*time.Minute)
	between(found, key+".lease", p.Lease, time.Second, time.Hour)
	between(found, key+".tick", p.Tick, 10*time.Millisecond, 10*time.Second)
}

func (l Limits) check(found *faults) {
	const aroundData = 4 << 10
	between(found, "limits.messageBytes", l.MessageBytes, 1, 16<<20)
	between(found, "limits.frameBytes", l.FrameBytes, aroundData+1, 64<<20)
	if l.FrameBytes < l.MessageBytes+aroundData {
		found.add("limits.frameBytes", "%v has no room for limits.messageBytes (%v) and %v around it", l.FrameBytes, l.MessageBytes, Size(aroundData))
	}
	between(found, "limits.topics", l.Topics, 1, 65536)
	between(found, "limits.clients", l.Clients, 1, 1024)
	between(found, "limits.voids", l.Voids, 1, 65536)
	between(found, "limits.depth", l.Depth, 1, 1000)
	between(found, "limits.members", l.Members, 1, 1<<24)
	between(found, "limits.fragments", l.Fragments, 1, 65536)
	l.checkBounds(found)
	between(found, "limits.page", l.Page, 1, 100_000)
	between(found, "limits.documentBytes", l.DocumentBytes, 1, 256<<20)
	between(found, "limits.stateBytes", l.StateBytes, 2, 1<<20)
	between(found, "limits.presenceBytes", l.PresenceBytes, 1<<20, 1<<40)
	between(found, "limits.helloTimeout", l.HelloTimeout, 100*time.Millisecond, time.Minute)
	between(found, "limits.ping", l.Ping, 100*time.Millisecond, 10*time.Minute)
	between(found, "limits.grace", l.Grace, 100*time.Millisecond, 10*time.Minute)
	between(found, "limits.hookTimeout", l.HookTimeout, time.Millisecond, 5*time.Minute)
	between(found, "limits.maxConnections", l.MaxConnections, 1, 10_000_000)
}

func between[T int | Size | time.Duration](found *faults, key string, v, low, high T) {
	if v < low || v > high {
		found.add(key, "%v is not between %v and %v", v, low, high)
	}
}
