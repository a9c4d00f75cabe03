package core

import (
	"github.com/tuttisync/tutti/protocol"
)

// TokenSource says what the application does when it is asked for a token.
type TokenSource uint8

// The sources of tokens.
const (
	TokenNone     TokenSource = iota // there is none: the client is anonymous
	TokenConstant                    // always the same: an expired one parks
	TokenFunction                    // a fresh one each time
)

// The limits of what waits to be answered (rule CONN-8).
const (
	DefaultQueueEntries = 1000
	DefaultQueueBytes   = 8 << 20
	KeptQueueEntries    = 10_000 // where entries are kept
	KeptQueueBytes      = 32 << 20
)

// Options are what a core needs from outside.
type Options struct {
	Token        TokenSource
	Random       func() float64         // in [0, 1)
	Secret       func() protocol.Secret // a new secret, born now
	Roads        []string               // the roads there are, best first; empty: ws alone
	Road         string                 // where to begin, if one of Roads; empty: the best
	Keeps        bool                   // the driver stores what [Keep] tells, and nothing is sent before
	QueueEntries int                    // unanswered publishes at most; 0: DefaultQueueEntries, or KeptQueueEntries
	QueueBytes   int                    // bytes of their data at most; 0: DefaultQueueBytes, or KeptQueueBytes
}

// Core is one client. See the package's doc.
type Core struct {
	options Options
	now     int64
	steps   uint64 // how many there were
	nextID  uint64
	client  string // the id that the server knows it by
	limits  protocol.Limits

	connection    connection
	roads         roads
	identity      identity
	subscriptions subscriptions
	outboxes      outboxes
	pages         []*page
	watches       watches
	members       members
	ledger        *ledger // nil: nothing is kept

	effects []Effect
	out     [][]byte
	told    int64
}

// New returns an idle core.
func New(options Options) *Core {
	entries, bytes := DefaultQueueEntries, DefaultQueueBytes
	var l *ledger
	if options.Keeps {
		entries, bytes, l = KeptQueueEntries, KeptQueueBytes, newLedger()
	}
	if options.QueueEntries == 0 {
		options.QueueEntries = entries
	}
	if options.QueueBytes == 0 {
		options.QueueBytes = bytes
	}
	return &Core{
		options: options, limits: protocol.DefaultLimits(), told: Never,
		connection:    connection{state: Idle, deadline: Never},
		roads:         newRoads(options.Roads, options.Road),
		subscriptions: newSubscriptions(), outboxes: newOutboxes(l), watches: newWatches(), members: newMembers(), ledger: l,
	}
}

// State returns the state of the connection.
func (c *Core) State() State { return c.connection.state }

// Client returns the id by which the server knows this client, as the latest
// welcome told; the client's own entries bear it. Empty: none was told yet.
func (c *Core) Client() string { return c.client }

// MessageBytes returns how many bytes the data of an entry may have, as the latest
// welcome told.
func (c *Core) MessageBytes() int { return c.limits.MessageBytes }

// Step takes one input that happened at now, in milliseconds, and returns its
// effects in order. The caller owns the slice.
func (c *Core) Step(now int64, in Input) []Effect {
	c.now = max(now, c.now)
	c.effects = nil
	c.steps++
	in.apply(c)
	c.flush()
	c.tellKept()
	// A tick has used up the former wish: one that is due again is told again.
	_, ticked := in.(Tick)
	if w := c.wish(); w != c.told || ticked && w <= c.now {
		c.told = w
		c.emit(Wait{w})
	}
	return c.effects
}

func (Tick) apply(c *Core) {
	c.outboxes.expire(c)
	c.connectionTick()
	c.pump()
	c.renewIfAnswered()
}

// wish is when the core next has something to do by itself.
func (c *Core) wish() int64 {
	if c.connection.state == Closed {
		return Never
	}
	at := min(c.connection.deadline, c.outboxes.wish(c), c.subscriptions.wish(c), c.watches.wish(c), c.members.wish(c))
	if c.connection.state == Live {
		at = min(at, c.roads.due)
	}
	if c.renews() {
		at = min(at, c.renewal())
	}
	return at
}

func (c *Core) emit(e Effect) { c.effects = append(c.effects, e) }

// online says whether the connection is welcomed.
func (c *Core) online() bool {
	return c.connection.state == Live || c.connection.state == Probing
}

// ready says whether commands can be sent now.
func (c *Core) ready() bool { return c.online() && !c.connection.expired }

// pump sends all that may be sent now.
func (c *Core) pump() {
	if !c.ready() {
		return
	}
	for _, s := range c.subscriptions.order {
		c.request(s)
	}
	for _, o := range c.outboxes.order {
		c.sendEntries(o)
	}
	c.sendPages()
	c.sendWatches()
	c.sendMembers()
}

func (c *Core) id() uint64 {
	c.nextID++
	return c.nextID
}

// backoff draws a random time, for the n-th failure in a row.
func (c *Core) backoff(n int) int64 {
	const first, longest = 500, 20_000
	limit := min(longest, first<<min(n, 10))
	return int64(c.options.Random() * float64(limit))
}

// retryAfter is how long to wait after the n-th error in a row: at most a day,
// whatever the server says.
func (c *Core) retryAfter(err *protocol.Error, n int) int64 {
	if err.RetryAfter > 0 {
		return min(err.RetryAfter, day)
	}
	return c.backoff(n)
}
