package gate

import (
	"net/netip"
	"sync"
	"time"

	"github.com/tuttisync/tutti/internal/bucket"
	"github.com/tuttisync/tutti/protocol"
)

// Config says what a Gate lets through. 0 in any field is no bound.
type Config struct {
	AddressConnections int // of one address at a time
	UserConnections    int // of one user at a time
	AddressConnects    int // of one address in a second
	Connects           int // of all in a second

	Requests   int // of one user in a second, or of one address without a user
	Bytes      int // of their bodies
	FrameBytes int // the largest body, which a full bucket always has room for

	Now func() time.Time // nil: time.Now
}

const (
	comeBack  = time.Second      // the least that those wait who came too fast
	comeLater = 10 * time.Second // that those wait whose address or user is connected too often
)

// Gate counts who is connected, and how fast they come and ask. A nil Gate lets
// all through.
type Gate struct {
	config   Config
	connects *bucket.Bucket

	mu        sync.Mutex // guards the fields below
	addresses map[netip.Prefix]int
	users     map[string]int
	comers    buckets[netip.Prefix]
	requests  buckets[asker]
	bytes     buckets[asker]
}

// asker is a user, or the address of one who is nobody.
type asker struct {
	user    string
	address netip.Prefix
}

// New makes a gate.
func New(config Config) *Gate {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Gate{
		config:    config,
		connects:  bucket.New(config.Connects, 1),
		addresses: make(map[netip.Prefix]int),
		users:     make(map[string]int),
		comers:    buckets[netip.Prefix]{rate: config.AddressConnects},
		requests:  buckets[asker]{rate: config.Requests},
		bytes:     buckets[asker]{rate: config.Bytes, least: config.FrameBytes},
	}
}

// Visit is one connection or stream while it is counted. Its methods do
// nothing on a nil Visit.
type Visit struct {
	gate    *Gate
	from    netip.Addr
	address netip.Prefix // zero: not counted
	user    string       // empty: not counted
}

// Enter counts a connection from an address, or says why it may not come
// (rules LIMIT-4 and LIMIT-6). Whoever enters leaves.
func (g *Gate) Enter(from netip.Addr) (*Visit, error) {
	if g == nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	address, bounded := group(from)
	if err := g.crowded(address); err != nil {
		return nil, err
	}
	if err := g.hasty(address, bounded); err != nil {
		return nil, err
	}
	return g.visit(from, address), nil
}

// Ask counts a request that is answered after a while, such as a long-poll: for
// so long as a connection, but not as one that has come, since its client comes
// again and again (rules LIMIT-4 and LIMIT-9). Whoever asks leaves.
func (g *Gate) Ask(from netip.Addr, bytes int) (*Visit, error) {
	if g == nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	address, _ := group(from)
	if err := g.crowded(address); err != nil {
		return nil, err
	}
	if err := g.charge("", from, bytes); err != nil {
		return nil, err
	}
	return g.visit(from, address), nil
}

// crowded says whether an address has all its connections; the zero address
// has no bound. g.mu is held, as for all that follow.
func (g *Gate) crowded(address netip.Prefix) error {
	most := g.config.AddressConnections
	if most == 0 || !address.IsValid() || g.addresses[address] < most {
		return nil
	}
	return protocol.Errorf(protocol.RateLimited, "This address has the %d connections that it may have.", most).
		After(comeLater).Of(protocol.AddressConnectionsLimit)
}

func (g *Gate) hasty(address netip.Prefix, bounded bool) error {
	now := g.config.Now()
	if bounded {
		if wait := bucket.Take(now, bucket.Want{Bucket: g.comers.of(now, address), N: 1}); wait > 0 {
			return protocol.Errorf(protocol.RateLimited, "This address connects more often than %d times a second.", g.config.AddressConnects).
				After(max(wait, comeBack)).Of(protocol.AddressConnectsLimit)
		}
	}
	if wait := bucket.Take(now, bucket.Want{Bucket: g.connects, N: 1}); wait > 0 {
		return protocol.Errorf(protocol.Overloaded, "More connect than the server takes in a second.").
			After(max(wait, comeBack)).Of(protocol.ConnectsLimit)
	}
	return nil
}

func (g *Gate) visit(from netip.Addr, address netip.Prefix) *Visit {
	if address.IsValid() {
		g.addresses[address]++
	}
	return &Visit{gate: g, from: from, address: address}
}

// Identify counts the visit as one of a user, "" being nobody, or says why the
// user may have no more (rule LIMIT-5).
func (v *Visit) Identify(user string) error {
	if v == nil || user == "" {
		return nil
	}
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if v.user != "" {
		return nil
	}
	if most := g.config.UserConnections; most > 0 && g.users[user] >= most {
		return protocol.Errorf(protocol.RateLimited, "This user has the %d connections that one may have.", most).
			After(comeLater).Of(protocol.UserConnectionsLimit)
	}
	v.user = user
	g.users[user]++
	return nil
}

// Leave ends the count. A second time does nothing.
func (v *Visit) Leave() {
	if v == nil {
		return
	}
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	drop(g.addresses, v.address)
	drop(g.users, v.user)
	v.address, v.user = netip.Prefix{}, ""
}

// drop takes one off a count, and forgets it at 0. The zero key has none.
func drop[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// Charge counts one request with a body of so many bytes, by a user or, if it
// is empty, from an address, or says how long to wait (rule LIMIT-9).
func (g *Gate) Charge(user string, from netip.Addr, bytes int) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.charge(user, from, bytes)
}

// Charge counts one command among several that the visitor sent at once.
func (v *Visit) Charge(bytes int) error {
	if v == nil {
		return nil
	}
	v.gate.mu.Lock()
	defer v.gate.mu.Unlock()
	return v.gate.charge(v.user, v.from, bytes)
}

func (g *Gate) charge(user string, from netip.Addr, bytes int) error {
	who := asker{user: user}
	if user == "" {
		var bounded bool
		if who.address, bounded = group(from); !bounded {
			return nil
		}
	}
	now := g.config.Now()
	if wait := bucket.Take(now, bucket.Want{Bucket: g.requests.of(now, who), N: 1}); wait > 0 {
		return protocol.Errorf(protocol.RateLimited, "More requests come than %d a second.", g.config.Requests).
			After(max(wait, comeBack)).Of(protocol.RequestsLimit)
	}
	if bytes == 0 {
		return nil
	}
	if wait := bucket.Take(now, bucket.Want{Bucket: g.bytes.of(now, who), N: bytes}); wait > 0 {
		return protocol.Errorf(protocol.RateLimited, "More bytes come than %d a second.", g.config.Bytes).
			After(max(wait, comeBack)).Of(protocol.BytesLimit)
	}
	return nil
}
