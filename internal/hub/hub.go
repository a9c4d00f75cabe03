package hub

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// Config is what a Hub is made of. Fields without a default must be set.
type Config struct {
	Durable store.Log // logs of durable namespaces; the hub does not close it
	Memory  store.Log // logs of memory namespaces; the hub does not close it

	Namespace func(topic string) (Namespace, error) // settings of a topic's namespace, or unknown_namespace
	Policy    *auth.Policy
	Hooks     Hooks

	// Identify finds the identity behind a token, which may be empty, without
	// blocking. secret is that of the first client that hello proves, or empty.
	Identify func(token string, secret protocol.Secret) (auth.Identity, error)

	Session  session.Config
	Encoders Encoders
	Framers  Framers // of snapshots
	// MaxConnections bounds connections and streams, the program's own left
	// out; 0: no bound.
	MaxConnections int
	// OutboundBytes bounds what waits for one connection to take it,
	// OutboundTotal what waits for all; 0: no bound.
	OutboundBytes int
	OutboundTotal int

	// Drain is how long connections are told to go, one after the other, when
	// the hub drains; 0: all at once.
	Drain time.Duration

	RingBytes int64 // of all rings together; 0: 64 MiB
	TopicRing int   // of one topic's ring in one encoding; 0: 1 MiB

	DocumentsBytes int64 // of all documents that are held together; 0: 256 MiB
	PresenceBytes  int64 // of all members of all topics together; 0: no bound

	Metrics *metrics.Metrics
	Logger  *slog.Logger
	Now     func() time.Time // nil: time.Now
	// Spawn runs a task apart from the caller; nil: on a goroutine of its own.
	// The simulation runs them one by one.
	Spawn func(task func())
	// After calls a function when some time has passed; nil: time.AfterFunc.
	After func(time.Duration, func())
	// NewID names a connection, and the hub.
	NewID func() string
}

// Namespace is what a namespace's configuration says of its topics.
type Namespace struct {
	Memory    bool          // durability memory
	KeepCount uint64        // retention: newest entries; 0: all
	KeepAge   time.Duration // retention; 0: for ever
	// Latest lets readers that are behind skip to the newest entry of each key
	// of what they missed (rule SUB-8).
	Latest bool
	Type   doc.Kind // of its topics, which are documents; nil: they are messages

	Presence Presence // who is in its topics
}

const (
	defaultRingBytes = 64 << 20
	defaultTopicRing = 1 << 20
	defaultDocuments = 256 << 20
	topicShards      = 64
	killTime         = 2 * time.Second // what connections have to end that were cut
	// maxWriters is how many connections are written to at once.
	maxWriters = 8
)

// Hub is a node: its topics and the connections to it.
type Hub struct {
	config Config

	seed   maphash.Seed
	topics [topicShards]topicShard
	rings  rings
	keys   atomic.Int64 // bytes of what topics know of their keys

	documents documents
	loads     chan struct{} // one token for each document that is read from the store
	values    chan struct{} // one for each that is told as a value
	travels   chan struct{} // one for each that is folded apart, as it was

	rooms       rooms
	occupancies occupancies

	claims   claims
	outbound outbound
	writers  writers
	fetches  pool          // pages for connections that are behind
	scans    pool          // keys of topics
	keeps    pool          // snapshots of documents for the store
	reads    chan struct{} // one token for each stream that reads from the store
	wheel    wheel
	hooks    chan struct{} // one token for each running hook

	tasks   tasks
	crew    crew
	stop    []func()
	ctx     context.Context // ends when the hub closes
	cancel  context.CancelFunc
	closing atomic.Bool // no reader is taken any more
	shut    atomic.Bool // nor any publish
	broken  atomic.Bool // a store answered ErrUnknown
	walking atomic.Bool // a task uses walk
	walk    walk
	members members
	drain   drain

	appending complaint // about appends that fail
	publishes tasks     // from HTTP and the embedding program
	swept     time.Time // used by Tick
}

type topicShard struct {
	mu     sync.Mutex
	topics map[string]*Topic
}

// New starts a hub.
func New(config Config) (*Hub, error) {
	if config.RingBytes == 0 {
		config.RingBytes = defaultRingBytes
	}
	if config.TopicRing == 0 {
		config.TopicRing = defaultTopicRing
	}
	if config.DocumentsBytes == 0 {
		config.DocumentsBytes = defaultDocuments
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.After == nil {
		config.After = func(d time.Duration, f func()) { time.AfterFunc(d, f) }
	}
	h := &Hub{
		config: config,
		seed:   maphash.MakeSeed(),
		hooks:  make(chan struct{}, maxHooks),
		reads:  make(chan struct{}, maxStreamReads),

		loads:   make(chan struct{}, maxLoads),
		values:  make(chan struct{}, maxValues),
		travels: make(chan struct{}, maxTravels),
	}
	for i := range h.topics {
		h.topics[i].topics = make(map[string]*Topic)
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.crew.init(h.ctx.Done(), h.tasks.end)
	h.config.Encoders[Stored] = appendStored
	h.fetches.limit, h.scans.limit, h.keeps.limit = maxFetches, maxScans, maxKeeps
	h.documents.init(config.DocumentsBytes)
	h.rooms.epoch, h.rooms.all = config.NewID(), make(map[string]*room)
	h.claims.owners = make(map[string]claim)
	h.members.all = make(map[member]uint64)
	h.wheel.init(config.Now())
	h.outbound.most = int64(config.OutboundTotal)
	for _, log := range h.logs() {
		for shard := range log.Shards() {
			stop, err := log.Follow(shard, func(a store.Appended) { h.appended(log, a) })
			if err != nil {
				h.stopAll()
				return nil, fmt.Errorf("follow the store: %w", err)
			}
			h.stop = append(h.stop, stop)
		}
	}
	return h, nil
}

// logs are the stores, each once.
func (h *Hub) logs() []store.Log {
	if h.config.Durable == h.config.Memory {
		return []store.Log{h.config.Durable}
	}
	return []store.Log{h.config.Durable, h.config.Memory}
}

func (h *Hub) now() time.Time { return h.config.Now() }

// spawn runs a task that Close waits for.
func (h *Hub) spawn(task func()) {
	h.tasks.begin()
	if h.config.Spawn != nil {
		h.config.Spawn(func() {
			defer h.tasks.end()
			task()
		})
		return
	}
	h.crew.run(task)
}

// Run keeps the hub's time until ctx ends: pings, expiries, retention.
func (h *Hub) Run(ctx context.Context) {
	tick := time.NewTicker(wheelTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.Tick()
		}
	}
}

// Ready says whether the hub takes traffic, or why not.
func (h *Hub) Ready() error {
	switch {
	case h.closing.Load():
		return protocol.Errorf(protocol.Draining, "")
	case h.broken.Load():
		return protocol.Errorf(protocol.StoreUnavailable, "")
	}
	return nil
}

// Admit says whether one more connection may come, or why not. A store that
// takes no writes does not keep readers out.
func (h *Hub) Admit() error {
	if h.closing.Load() {
		return draining()
	}
	return h.room()
}

// AdmitBatch says whether commands over HTTP may come, or why not: while the
// hub drains they may until all connections have been told (rule DRAIN-2).
func (h *Hub) AdmitBatch() error {
	if h.closing.Load() && h.drain.over() {
		return draining()
	}
	return h.room()
}

// room says whether there is room for one more connection, or why not.
func (h *Hub) room() error {
	if h.config.MaxConnections > 0 && h.members.count() >= h.config.MaxConnections {
		return protocol.Errorf(protocol.Overloaded, "The server has all the connections that it takes.").After(time.Second).Of(protocol.MaxConnectionsLimit)
	}
	return nil
}

// Close drains, within the time that ctx leaves, waits until all that was
// started has ended, and leaves the stores open. When ctx ends first its error
// is returned.
func (h *Hub) Close(ctx context.Context) error {
	over := h.config.Drain
	if at, ok := ctx.Deadline(); ok {
		over = max(min(over, time.Until(at)*3/4), 0) // the last need time too
	}
	h.drainOver(over)
	if err := h.members.wait(ctx); err != nil {
		for _, m := range h.members.list() {
			m.kill()
		}
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
		defer cancel()
		_ = h.members.wait(late) // what still hangs is waited for below, in vain
		ctx = late
	}
	h.shut.Store(true)
	_ = h.publishes.wait(ctx) // those that hang are waited for below
	h.cancel()
	h.stopAll()
	if err := h.tasks.wait(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

func (h *Hub) stopAll() {
	for _, stop := range h.stop {
		stop()
	}
	h.stop = nil
}

// storeError turns a store's error into one of the table.
func (h *Hub) storeError(err error) *protocol.Error {
	switch {
	case errors.Is(err, store.ErrFull):
		return protocol.Errorf(protocol.StoreFull, "")
	case errors.Is(err, store.ErrUnknown):
		h.broken.Store(true)
		return protocol.Errorf(protocol.StoreUnavailable, "")
	case errors.Is(err, errHole):
		return protocol.Errorf(protocol.PositionLost, "The log no longer holds what the document is made of.")
	case errors.Is(err, store.ErrClosed), h.ctx.Err() != nil && errors.Is(err, context.Canceled):
		return draining()
	case errors.Is(err, store.ErrConflict), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return protocol.Errorf(protocol.Overloaded, "")
	}
	return protocol.AsError(err)
}

// Go runs a transport's task, which Close waits for, on a goroutine of its own.
func (h *Hub) Go(task func()) { h.spawn(task) }
