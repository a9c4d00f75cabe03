package gate

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tuttisync/tutti/internal/bucket"
	"github.com/tuttisync/tutti/protocol"
)

var (
	start  = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	public = netip.MustParseAddr("203.0.113.5")
)

// limited fails unless err is of this code and limit; "" is none.
func limited(t *testing.T, err error, code protocol.Code, limit protocol.Limit) *protocol.Error {
	t.Helper()
	if err == nil {
		if code != "" {
			t.Fatalf("let through, want %s of %s", code, limit)
		}
		return nil
	}
	e := protocol.AsError(err)
	if e.Code != code || e.Limit != limit || e.RetryAfter < 1000 {
		t.Fatalf("got %v of %q after %d ms, want %s of %s", e, e.Limit, e.RetryAfter, code, limit)
	}
	return e
}

// clocked is a Gate with a clock that the test moves.
type clocked struct {
	*Gate
	now time.Time
}

func newGate(c Config) *clocked {
	g := &clocked{now: start}
	c.Now = func() time.Time { return g.now }
	g.Gate = New(c)
	return g
}

func (g *clocked) pass(d time.Duration) { g.now = g.now.Add(d) }

func (g *clocked) enter(t *testing.T, from netip.Addr) *Visit {
	t.Helper()
	v, err := g.Enter(from)
	limited(t, err, "", "")
	return v
}

func TestGate(t *testing.T) {
	t.Run("LIMIT-4/connections_of_an_address", func(t *testing.T) {
		g := newGate(Config{AddressConnections: 2})
		first := g.enter(t, public)
		g.enter(t, public)
		_, err := g.Enter(public)
		limited(t, err, protocol.RateLimited, protocol.AddressConnectionsLimit)
		g.enter(t, netip.MustParseAddr("203.0.113.6"))
		first.Leave()
		first.Leave()
		g.enter(t, public)
		_, err = g.Enter(public)
		limited(t, err, protocol.RateLimited, protocol.AddressConnectionsLimit)
	})
	t.Run("LIMIT-4/a_network_of_IPv6_is_one", func(t *testing.T) {
		g := newGate(Config{AddressConnections: 1})
		g.enter(t, netip.MustParseAddr("2001:db8::1"))
		_, err := g.Enter(netip.MustParseAddr("2001:db8::2"))
		limited(t, err, protocol.RateLimited, protocol.AddressConnectionsLimit)
		g.enter(t, netip.MustParseAddr("2001:db8:0:1::1"))
	})
	t.Run("LIMIT-4/this_machine_and_private_networks_have_no_bound", func(t *testing.T) {
		g := newGate(Config{AddressConnections: 1, AddressConnects: 1, Requests: 1})
		for _, text := range []string{"127.0.0.1", "::1", "10.0.0.1", "fd00::1"} {
			for range 100 {
				g.enter(t, netip.MustParseAddr(text))
				limited(t, g.Charge("", netip.MustParseAddr(text), 1), "", "")
			}
		}
		if len(g.addresses)+len(g.comers.all)+len(g.requests.all) > 0 {
			t.Error("something is remembered of them")
		}
	})
	t.Run("LIMIT-5/connections_of_a_user", func(t *testing.T) {
		g := newGate(Config{UserConnections: 1})
		first, second := g.enter(t, public), g.enter(t, public)
		limited(t, first.Identify("alice"), "", "")
		limited(t, first.Identify("alice"), "", "")
		limited(t, second.Identify("alice"), protocol.RateLimited, protocol.UserConnectionsLimit)
		limited(t, second.Identify("bob"), "", "")
		first.Leave()
		limited(t, g.enter(t, public).Identify("alice"), "", "")
		for range 10 {
			limited(t, g.enter(t, public).Identify(""), "", "")
		}
	})
	t.Run("LIMIT-6/connects_of_an_address", func(t *testing.T) {
		g := newGate(Config{AddressConnects: 2})
		for range 2 * bucket.Burst {
			g.enter(t, public).Leave()
		}
		_, err := g.Enter(public)
		limited(t, err, protocol.RateLimited, protocol.AddressConnectsLimit)
		g.enter(t, netip.MustParseAddr("203.0.113.6"))
		g.pass(500 * time.Millisecond)
		g.enter(t, public)
		_, err = g.Enter(public)
		limited(t, err, protocol.RateLimited, protocol.AddressConnectsLimit)
	})
	t.Run("LIMIT-6/connects_of_all", func(t *testing.T) {
		g := newGate(Config{Connects: 2})
		for i := range 2 * bucket.Burst {
			g.enter(t, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
		}
		_, err := g.Enter(public)
		limited(t, err, protocol.Overloaded, protocol.ConnectsLimit)
		g.pass(time.Second)
		g.enter(t, public)
	})
	t.Run("LIMIT-9/requests_of_a_user", func(t *testing.T) {
		g := newGate(Config{Requests: 2})
		for i := range 2 * bucket.Burst {
			limited(t, g.Charge("alice", netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), 10), "", "")
		}
		limited(t, g.Charge("alice", public, 10), protocol.RateLimited, protocol.RequestsLimit)
		limited(t, g.Charge("bob", public, 10), "", "")
		limited(t, g.Charge("", public, 10), "", "")
		g.pass(time.Second)
		limited(t, g.Charge("alice", public, 10), "", "")
	})
	t.Run("LIMIT-9/commands_of_a_batch", func(t *testing.T) {
		g := newGate(Config{Requests: 2, AddressConnections: 1})
		v, err := g.Ask(public, 10)
		limited(t, err, "", "")
		_, err = g.Ask(public, 10)
		limited(t, err, protocol.RateLimited, protocol.AddressConnectionsLimit)
		limited(t, v.Identify("alice"), "", "")
		for range 2 * bucket.Burst {
			limited(t, v.Charge(10), "", "")
		}
		limited(t, v.Charge(10), protocol.RateLimited, protocol.RequestsLimit)
		v.Leave()
		for range 2*bucket.Burst - 1 {
			v, err := g.Ask(public, 10)
			limited(t, err, "", "")
			v.Leave()
		}
		_, err = g.Ask(public, 10)
		limited(t, err, protocol.RateLimited, protocol.RequestsLimit)
	})
	t.Run("LIMIT-9/bytes_of_an_address", func(t *testing.T) {
		g := newGate(Config{Bytes: 100, FrameBytes: 800})
		limited(t, g.Charge("", public, 800), "", "")
		limited(t, g.Charge("", public, 100), protocol.RateLimited, protocol.BytesLimit)
		limited(t, g.Charge("", public, 0), "", "")
		g.pass(time.Second)
		limited(t, g.Charge("", public, 100), "", "")
	})
}

// A nil Gate lets all through, and a nil Visit, of a connection that nobody
// counts, does nothing.
func TestNil(t *testing.T) {
	var g *Gate
	limited(t, g.Charge("", public, 1), "", "")
	v, err := g.Enter(public)
	limited(t, err, "", "")
	if asks, err := g.Ask(public, 1); asks != nil || err != nil {
		t.Errorf("got %v, %v", asks, err)
	}
	limited(t, v.Charge(1), "", "")
	limited(t, v.Identify("alice"), "", "")
	v.Leave()
}

// However many addresses come, a bounded number is remembered, and all that are
// idle are forgotten.
func TestBuckets_are_bounded(t *testing.T) {
	b := buckets[int]{rate: 1}
	for i := range maxBuckets + 1000 {
		b.of(start, i).AllowN(start, 1)
	}
	if len(b.all) != maxBuckets {
		t.Errorf("%d are remembered", len(b.all))
	}
	b.of(start.Add(sweepEvery+time.Second), -1)
	if len(b.all) != 1 {
		t.Errorf("%d are remembered when all are idle", len(b.all))
	}
}
