// Package gate bounds what one address, one user and all of them together may
// take of a server: connections at a time, connections a second, requests and
// bytes a second (rules LIMIT of spec/protocol.md).
//
// An address is that of the client behind the proxies that the configuration
// trusts ([Proxies]); IPv6 counts by /64, which is what one household gets. An
// address of this machine or of a private network has no bound of its own: it
// is most often a proxy, and bounding it would bound everybody behind it.
//
// All is safe for concurrent use and starts no goroutine. What is remembered of
// those who are idle is forgotten, and bounded while they are not.
package gate
