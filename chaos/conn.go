package chaos

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	dialTime = 10 * time.Second
	// linger is how long a client has to close its side when the other is closed.
	linger = 5 * time.Second
	// pipelined requests wait for their answers; more are not read.
	pipelined = 16
)

// conn is one client's connection and, once a request is forwarded, the one to
// the target.
//
// Four goroutines serve it: an intake for each side, the up loop, which reads
// requests and decides on each, and the down loop, which takes their answers in
// the same order. The exchange is handed from up to down before its first byte
// is forwarded.
type conn struct {
	proxy  *Proxy
	serial uint64
	client net.Conn
	intake *intake

	exchanges chan *exchange
	ctx       context.Context // done when both sides are closed
	cancel    context.CancelFunc
	done      <-chan struct{} // of ctx

	mu     sync.Mutex
	target net.Conn // nil: not yet
	ended  bool
	wg     sync.WaitGroup // of the intakes

	answers *intake // of target; set before the first exchange that is forwarded
}

func newConn(p *Proxy, serial uint64, client net.Conn) *conn {
	c := &conn{proxy: p, serial: serial, client: client, intake: newIntake(), exchanges: make(chan *exchange, pipelined)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.done = c.ctx.Done()
	return c
}

// run serves the connection until it is over.
func (c *conn) run() {
	upDone, downDone := make(chan struct{}), make(chan struct{})
	c.wg.Go(func() { c.intake.run(c.client, c.done) })
	go func() { defer close(upDone); c.up() }()
	go func() { defer close(downDone); c.down() }()
	<-downDone
	timer := time.NewTimer(linger)
	select {
	case <-upDone:
	case <-timer.C:
	case <-c.done:
	}
	timer.Stop()
	c.end(false)
	<-upDone
	c.wg.Wait()
	for ex := range c.exchanges {
		c.proxy.end(ex)
	}
}

// end closes both sides: in good order, or with a reset. Only the first call
// does something.
func (c *conn) end(withReset bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	c.cancel()
	for _, side := range []net.Conn{c.client, c.target} {
		if side == nil {
			continue
		}
		if tcp, ok := side.(*net.TCPConn); ok && withReset {
			_ = tcp.SetLinger(0) // then it ends in order
		}
		_ = side.Close()
	}
	return true
}

// strike ends the connection if the exchange's plan says so.
func (c *conn) strike(ex *exchange) bool {
	pl := ex.plan.Load()
	for _, k := range []kind{reset, cut} {
		if r := pl.up[k]; r != nil {
			c.note(ex, k, r)
			c.end(k == reset)
			return true
		}
	}
	return false
}

// dial connects to the target, once.
func (c *conn) dial() error {
	if c.target != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.ctx, dialTime)
	defer cancel()
	target, err := new(net.Dialer).DialContext(ctx, "tcp", c.proxy.config.Target)
	if err != nil {
		return fmt.Errorf("reach the target: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = target.Close()
		return errGone
	}
	c.target, c.answers = target, newIntake()
	c.wg.Go(func() { c.answers.run(target, c.done) })
	return nil
}

// note counts a fault, once for each exchange and rule.
func (c *conn) note(ex *exchange, k kind, r *ruleState) {
	if ex.noted[k].Swap(r) != r {
		r.applied.Add(1)
		c.proxy.applied[k].Add(1)
	}
}
