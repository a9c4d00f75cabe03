package core

import (
	"unicode/utf8"

	"github.com/tuttisync/tutti/protocol"
)

// Times of the connection, in milliseconds.
const (
	attemptTime = 10_000 // for a token, the transport and welcome together
	hangTime    = 1_000  // of an attempt, when the network may be another
	stableTime  = 10_000 // a connection that lived so long ends a row of failures
	probeTime   = 2_000  // for an answer to the ping of a probe
)

// stage is how far an attempt has come.
type stage uint8

const (
	stageToken stage = iota // waiting for the application's token
	stageOpen               // waiting for the transport
	stageHello              // waiting for welcome
)

// connection is the state machine of rules CONN-1 to CONN-9; its road is
// the business of roads.
type connection struct {
	state    State
	stage    stage // while connecting
	deadline int64 // when the state is looked at again
	floor    int64 // in backoff: no wake makes an attempt before
	failures int   // attempts in a row that failed
	answered bool  // while connecting: the server has said something
	token    string

	since    int64 // welcomed at
	heard    int64 // last message at
	patience int64 // silence that calls for a probe

	left bool // idle, since the process was about to go

	expired bool   // the token has; commands wait for authenticated
	asked   bool   // for a fresh token
	auth    uint64 // id of the auth that is unanswered; 0: none
}

func (Connect) apply(c *Core) {
	switch c.connection.state {
	case Idle, Backoff, Parked:
		c.attempt()
	}
}

func (w Wake) apply(c *Core) {
	hangs := c.hangs()
	if w.Network {
		c.roads.forget()
		if !c.online() && (hangs || c.connection.state != Connecting) {
			c.roads.take(0)
		}
	}
	switch {
	case w.Network && hangs:
		c.leave()
		c.attempt()
	case c.connection.state == Live:
		c.probe()
	case c.connection.state == Backoff && c.now >= c.connection.floor:
		c.attempt()
	case c.connection.state == Idle && c.connection.left:
		c.attempt()
	}
	if w.Network && c.online() {
		c.try()
	}
}

// hangs says whether an attempt may have hung in the network that was there before.
func (c *Core) hangs() bool {
	n := &c.connection
	return n.state == Connecting && n.stage != stageToken && c.now >= n.deadline-attemptTime+hangTime
}

// attempt begins a connection.
func (c *Core) attempt() {
	c.renewSecret()
	n := &c.connection
	*n = connection{state: Connecting, failures: n.failures, deadline: c.now + attemptTime}
	c.tellRoad()
	if c.options.Token == TokenNone {
		c.open("")
		return
	}
	c.emit(AskToken{})
}

func (c *Core) open(token string) {
	c.connection.token, c.connection.stage = token, stageOpen
	c.emit(Open{c.roads.name()})
}

// tellRoad tells a state in which there is a road.
func (c *Core) tellRoad() { c.emit(Status{State: c.connection.state, Road: c.roads.name()}) }

func (t Token) apply(c *Core) {
	n := &c.connection
	if !utf8.ValidString(t.Token) {
		TokenFailed{"The token is not UTF-8."}.apply(c)
		return
	}
	switch {
	case n.state == Connecting && n.stage == stageToken:
		c.open(t.Token)
	case n.asked:
		n.asked, n.auth, n.token = false, c.id(), t.Token
		c.send(&protocol.Auth{ID: n.auth, Token: t.Token})
	}
}

func (t TokenFailed) apply(c *Core) {
	n := &c.connection
	err := protocol.Errorf(protocol.Disconnected, "There is no token: %s", t.Message)
	switch {
	case n.state == Connecting && n.stage == stageToken:
		c.end(err, endFair)
	case n.asked:
		c.shut()
		c.end(err, endFair)
	}
}

func (Opened) apply(c *Core) {
	n := &c.connection
	if n.state != Connecting || n.stage != stageOpen {
		return
	}
	n.stage = stageHello
	c.identity.run++
	c.ledger.noteClient()
	c.send(&protocol.Hello{
		Token:   n.token,
		Clients: []protocol.ClientProof{{Secret: c.identity.secret, Run: c.identity.run}},
		Topics:  c.helloTopics(),
		Watch:   c.helloWatch(),
		Enter:   c.helloEnter(),
	})
}

// welcome makes the connection live. A client that keeps its entries goes on as
// the one that it was, or not at all.
func (c *Core) welcome(w *protocol.Welcome) {
	n := &c.connection
	id := ""
	if len(w.Clients) > 0 {
		id = w.Clients[0]
	}
	known := c.identity.id
	if c.ledger != nil && known != "" && id != known {
		c.shut()
		c.end(protocol.Errorf(protocol.BadClient, ""), endFair)
		return
	}
	n.since, n.heard = c.now, c.now
	n.patience = max(1, min(w.Ping, day)+min(w.Grace, day))
	c.limits = w.Limits
	c.client = id
	if id != "" && id != known {
		c.identity.id = id
		c.ledger.noteClient()
	}
	c.roads.live(c.now, c.options.Random)
	c.goLive()
	c.pump()
}

func (c *Core) goLive() {
	c.connection.state = Live
	c.connection.deadline = c.now + c.connection.patience
	c.tellRoad()
}

func (c *Core) probe() {
	c.connection.state = Probing
	c.connection.deadline = c.now + probeTime
	c.tellRoad()
	c.send(&protocol.Ping{})
}

func (c *Core) connectionTick() {
	if c.now >= c.connection.deadline {
		c.overdue()
	}
	if c.connection.state == Live && c.now >= c.roads.due {
		c.try()
	}
}

// overdue is told when the state has lasted too long.
func (c *Core) overdue() {
	n := &c.connection
	switch n.state {
	case Connecting:
		if n.stage == stageToken {
			c.end(nil, endFair)
			return
		}
		c.shut()
		c.end(nil, endHung)
	case Probing:
		if c.stable() {
			c.leave()
			c.attempt()
			return
		}
		c.shut()
		c.end(nil, endCut)
	case Backoff:
		c.attempt()
	case Live:
		if n.deadline = n.heard + n.patience; n.deadline <= c.now {
			c.probe()
		}
	}
}

func (l Lost) apply(c *Core) {
	n := &c.connection
	if !c.online() && (n.state != Connecting || n.stage == stageToken) {
		return
	}
	if kind, ok := protocol.KindByClose(l.Code); ok {
		c.end(protocol.Errorf(kind.Code, ""), endFair)
		return
	}
	if n.state == Connecting && n.answered {
		c.end(nil, endFair)
		return
	}
	c.end(nil, endCut)
}

// shut ends the transport, and with it what this step has not sent yet.
func (c *Core) shut() {
	c.out = nil
	c.emit(Shut{1000})
}

// detach forgets what the server knew of this connection.
func (c *Core) detach() {
	c.subscriptions.detach()
	c.outboxes.detach(c)
	c.detachPages()
	c.watches.detach()
	c.detachMembers()
}

// stable says whether the connection has been live for long.
func (c *Core) stable() bool {
	return c.online() && c.now-c.connection.since >= stableTime
}

// leave ends a live connection that another is to follow at once.
func (c *Core) leave() {
	stable := c.stable()
	if stable {
		c.connection.failures = 0
	}
	c.roads.ended(endFair, stable)
	c.shut()
	c.detach()
}

// away ends the transport, and waits for a sign that the process is still there.
func (c *Core) away() {
	n := &c.connection
	if !c.online() && n.state != Connecting {
		return
	}
	c.leave()
	*n = connection{state: Idle, failures: n.failures, deadline: Never, left: true}
	c.emit(Status{State: Idle})
}

// end goes to backoff, or to parked when err will not pass. The transport is
// gone already.
func (c *Core) end(err *protocol.Error, how ending) {
	n := &c.connection
	stable := c.stable()
	if stable {
		n.failures, how = 0, endFair
	} else {
		n.failures++
	}
	c.roads.ended(how, stable)
	c.detach()
	*n = connection{state: Parked, failures: n.failures, deadline: Never}
	if err != nil && !c.passes(err) {
		c.emit(Status{State: Parked, Err: err})
		return
	}
	n.state, n.floor = Backoff, c.now
	if err != nil {
		n.floor = c.now + min(max(err.RetryAfter, 0), day)
	}
	n.deadline = max(n.floor, c.now+c.backoff(n.failures))
	c.emit(Status{State: Backoff, Attempt: n.failures + 1, Until: n.deadline, Err: err})
}

// passes says whether another attempt may go better.
func (c *Core) passes(err *protocol.Error) bool {
	if err.Code == protocol.TokenExpired {
		return c.options.Token == TokenFunction
	}
	return err.Retryable
}

// expire handles token_expired on a live connection.
func (c *Core) expire(err *protocol.Error) {
	switch {
	case c.options.Token != TokenFunction:
		c.shut()
		c.end(err, endFair)
	case !c.connection.expired:
		c.connection.expired, c.connection.asked = true, true
		c.emit(AskToken{})
	}
}

func (c *Core) authenticated(id uint64) {
	if id == 0 || id != c.connection.auth {
		return
	}
	c.connection.auth, c.connection.expired = 0, false
	c.pump()
}

func (Close) apply(c *Core) {
	n := &c.connection
	if n.state == Closed {
		return
	}
	c.outboxes.close(c)
	c.closePages()
	c.farewell(false)
	c.closeMembers()
	c.subscriptions = newSubscriptions()
	if c.online() || n.state == Connecting && n.stage != stageToken {
		c.shut()
	}
	*n = connection{state: Closed, deadline: Never}
	c.emit(Status{State: Closed})
}
