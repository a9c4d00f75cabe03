package client

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
)

// Client is one client of a server: one connection at a time, over which any
// number of topics are read and published to.
type Client struct {
	address    string       // of the server, without a slash at the end
	http       *http.Client // for WebSockets
	posts      *http.Client // for the other roads
	options    Options
	start      time.Time
	dispatcher *dispatcher
	observers  observers
	status     atomic.Pointer[Status]
	numbers    atomic.Uint64 // of handlers, publishes and pages
	limit      atomic.Int64  // bytes of the data of an entry, as the server told; 0: it did not yet
	id         atomic.Value  // a string: this client's id, as the server told it

	outbox      *Outbox
	keeper      *keep.Keeper // nil: nothing is kept
	sides       []*Client    // which send what dead clients have left
	documentsMu sync.Mutex   // guards documents; before the mutexes in them
	documents   map[string]*replica

	presencesMu sync.Mutex // guards presences; before the mutexes in them
	presences   map[string]*Presence

	ctx     context.Context // of transports and token functions
	cancel  context.CancelFunc
	running sync.WaitGroup // they
	events  chan func()    // run by the owner
	done    chan struct{}  // closed when the owner has ended

	// What follows belongs to the owner's goroutine.
	core       *core.Core
	transport  *transport
	lost       error // why the latest transport ended, if the server did not say
	clock      wallClock
	timer      *time.Timer
	wanted     int64 // when the core wants its tick
	handlers   map[uint64]*handler
	pending    map[uint64]*Pending
	operations map[uint64]operation
	unfolded   []*replica            // which entries came for
	texts      map[*replica]struct{} // of which operations wait
	failing    []*replica            // which have failed in this event
	pages      map[uint64]chan pageResult
	asked      map[uint64]question
}

// Connect makes a client of the server at address and lets it connect. The
// address is http(s):// or ws(s)://, with the path prefix under which the
// server stands, if any. Connect does not wait for the connection: see
// [Client.Status]. It fails only for an address or options that are wrong, or a
// directory that cannot be used (storage_failed).
func Connect(address string, options Options) (*Client, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	address, err = endpoint(address)
	if err != nil {
		return nil, err
	}
	c := newClient(address, options)
	var life *keep.Life
	if options.Dir != "" {
		if c.keeper, life, err = keep.Begin(c.keeping()); err != nil {
			c.cancel()
			return nil, storageFailed(err)
		}
	}
	c.begin(life)
	return c, nil
}

// newClient returns one that has not begun.
func newClient(address string, options Options) *Client {
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	c := &Client{
		address: address, http: options.httpClient(), options: options, start: start, clock: wallClock{begun: start.Round(0)},
		dispatcher: newDispatcher(options.Buffer, options.Logger),
		ctx:        ctx, cancel: cancel,
		events: make(chan func()), done: make(chan struct{}),
		timer:    time.NewTimer(time.Hour),
		handlers: map[uint64]*handler{}, pending: map[uint64]*Pending{}, operations: map[uint64]operation{}, texts: map[*replica]struct{}{}, documents: map[string]*replica{}, pages: map[uint64]chan pageResult{},
		presences: map[string]*Presence{}, asked: map[uint64]question{}, wanted: core.Never,
	}
	c.timer.Stop()
	c.posts = unredirected(c.http)
	c.status.Store(&Status{State: core.Idle})
	c.outbox = &Outbox{client: c}
	return c
}

// begin goes on with what a former life has left, if that is not nil, and connects.
func (c *Client) begin(life *keep.Life) {
	options := c.options
	source := core.TokenNone
	switch {
	case options.StaticToken != "":
		source = core.TokenConstant
	case options.Token != nil:
		source = core.TokenFunction
	}
	c.core = core.New(core.Options{
		Token: source, Random: mathrand.Float64, Secret: newSecret, Roads: options.Roads, Keeps: c.keeper != nil,
	})
	if options.OnStatus != nil {
		c.OnStatus(options.OnStatus)
	}
	var revived []*replica
	if life != nil {
		revived = c.revive(life)
		c.besides(life.Others)
	}
	go c.own()
	go c.dispatcher.run()
	if life != nil {
		c.post(func() { c.step(life.Restore) })
	}
	for _, r := range revived {
		r.follow()
	}
	c.Connect()
}

func newSecret() protocol.Secret {
	s, err := protocol.NewSecret(rand.Reader, time.Now())
	if err != nil {
		panic("client: read random bytes: " + err.Error())
	}
	return s
}

// Connect leaves a backoff or a parked state at once. Elsewhere it does
// nothing.
func (c *Client) Connect() { c.post(func() { c.step(core.Connect{}) }) }

// Wake says that the process may have been away: a connection is tried at
// once, or the one that there is is probed. The client sees by itself when the
// clock has jumped, as it does when a machine was asleep.
func (c *Client) Wake() { c.post(func() { c.step(core.Wake{}) }) }

// NetworkChanged says that the network is back, or is another one: as Wake,
// and the best road is tried anew at once. An application calls it when it
// hears so from its platform.
func (c *Client) NetworkChanged() { c.post(func() { c.step(core.Wake{Network: true}) }) }

// Close ends the client for good. Publishes and pages that are not answered
// fail with closed. It waits until the connection has ended, and then no
// handler is called any more, but for a call that is running. What is kept goes on
// with the next client; the error is why it could not be stored.
func (c *Client) Close() error {
	c.end()
	if c.keeper == nil {
		return nil
	}
	return storageFailed(c.keeper.Close())
}

// end ends the client, and those beside it.
func (c *Client) end() {
	for _, side := range c.sides {
		_ = side.Close() // of which the application knows nothing
	}
	c.post(func() { c.step(core.Close{}) })
	<-c.done
	c.running.Wait()
	if c.options.HTTPClient == nil {
		c.http.CloseIdleConnections()
	}
}

// ended says whether the client has.
func (c *Client) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// post gives f to the owner, and reports false if the client has ended.
func (c *Client) post(f func()) bool {
	select {
	case c.events <- f:
		return true
	case <-c.done:
		return false
	}
}

// run lets the owner run f, and waits for that. It reports false if the client has
// ended.
func (c *Client) run(f func()) bool {
	done := make(chan struct{})
	if !c.post(func() { f(); close(done) }) {
		return false
	}
	<-done
	return true
}

// ID returns the id by which the server knows this client: that of its own entries
// and of its member. It is empty before a server has told it, and another one after
// the client had to take a new secret.
func (c *Client) ID() string {
	id, _ := c.id.Load().(string)
	return id
}

// own runs the core: everything that happens, one thing after another. It
// never blocks on the application or the network.
func (c *Client) own() {
	defer close(c.done)
	defer c.timer.Stop()
	pulse := time.NewTicker(clockPulse)
	defer pulse.Stop()
	for c.core.State() != core.Closed {
		select {
		case f := <-c.events:
			f()
		case <-c.timer.C:
			c.step(core.Tick{})
			c.awaited()
		case <-pulse.C:
			if c.clock.jumped(time.Now().Round(0), time.Since(c.start)) {
				c.step(core.Wake{})
			}
		}
		c.fold()
	}
	c.endDocuments()
	c.cancel()
}

// now is the core's clock: milliseconds since 1970, so that another life may go on
// with it, and never set back.
func (c *Client) now() int64 { return c.start.UnixMilli() + time.Since(c.start).Milliseconds() }

func (c *Client) at(ms int64) time.Time {
	return c.start.Add(time.Duration(ms-c.start.UnixMilli()) * time.Millisecond)
}

// step makes one step of the core and carries out its effects.
func (c *Client) step(in core.Input) {
	c.seal()
	defer c.unseal()
	for _, effect := range c.core.Step(c.now(), in) {
		switch e := effect.(type) {
		case core.Status:
			c.tell(e)
		case core.AskToken:
			c.askToken()
		case core.Open:
			c.openTransport(e.Road)
		case core.Try:
			c.try(e)
		case core.Send:
			c.transport.sender.send(e.Frame)
		case core.Shut:
			c.endTransport()
		case core.Started:
			c.started(e)
		case core.Snapshot:
			c.snapshot(e)
		case core.Deliver:
			c.deliver(e)
		case core.Failed:
			c.failed(e)
		case core.Queued:
		case core.Sent:
			c.sent(e)
		case core.Outdated:
			c.outdated(e)
		case core.Doubtful:
			c.doubtful(e)
		case core.Settled:
			c.settled(e)
		case core.Keep:
			c.keep(e)
		case core.Page:
			c.answerPage(e)
		case core.Presence:
			c.present(e)
		case core.Unwatched:
			c.unwatched(e)
		case core.Entered:
			c.answerQuestion(e.Key, e.Err)
		case core.Left:
			c.answerQuestion(e.Key, nil)
		case core.Expelled:
			c.expelled(e)
		case core.Fault:
			c.inTopic(e.Topic).fault(e.Err)
		case core.Wait:
			c.wait(e.Until)
		}
	}
}

func (c *Client) wait(until int64) {
	c.wanted = until
	c.schedule()
}

// schedule lets the timer run out when the core or a view next has something to do.
func (c *Client) schedule() {
	c.timer.Stop()
	if until := min(c.wanted, c.awaitedUntil()); until != core.Never {
		c.timer.Reset(time.Until(c.at(until)))
	}
}

// askToken calls the application's function aside.
func (c *Client) askToken() {
	c.running.Go(func() {
		token, err := c.token()
		c.post(func() {
			if err != nil {
				c.step(core.TokenFailed{Message: err.Error()})
				return
			}
			c.step(core.Token{Token: token})
		})
	})
}

func (c *Client) token() (token string, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.options.Logger.Error("the token function panicked", "panic", p)
			err = fmt.Errorf("the token function panicked")
		}
	}()
	return c.options.Token(c.ctx)
}
