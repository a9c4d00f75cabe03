package chaos

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy forwards connections and spoils them by rules. All methods are safe for
// concurrent use; none blocks for long but Close.
type Proxy struct {
	config   Config
	listener net.Listener
	wg       sync.WaitGroup
	closing  chan struct{}

	accepted, turnedAway atomic.Int64
	bytesUp, bytesDown   atomic.Int64
	applied              [kinds]atomic.Int64

	mu       sync.Mutex // guards what follows, and exchange.decided
	closed   bool
	serial   uint64
	rules    []*ruleState
	conns    map[*conn]struct{}
	open     map[*exchange]struct{}
	requests map[Road]int64
}

// New makes a proxy that listens and forwards until it is closed.
func New(config Config) (*Proxy, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	p := &Proxy{
		config:   config,
		closing:  make(chan struct{}),
		conns:    make(map[*conn]struct{}),
		open:     make(map[*exchange]struct{}),
		requests: make(map[Road]int64),
	}
	if err := p.SetRules(config.Rules); err != nil {
		return nil, fmt.Errorf("chaos: Config.Rules: %w", err)
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	p.listener = listener
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns the address that the proxy listens on, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close stops listening, cuts all connections and waits for their ends. A second
// Close waits too.
func (p *Proxy) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	var err error
	if first {
		close(p.closing)
		err = p.listener.Close()
		p.Cut("")
	}
	p.wg.Wait()
	return err
}

// Cut closes the connections on which a request of this road is under way, in
// good order, and returns how many those were; an empty road is all connections,
// idle ones too. Clients are free to come back at once.
func (p *Proxy) Cut(road Road) int { return p.endAll(road, cut) }

// Reset is a Cut with an error (RST).
func (p *Proxy) Reset(road Road) int { return p.endAll(road, reset) }

func (p *Proxy) endAll(road Road, k kind) int {
	victims := make(map[*conn]struct{})
	exempt := make(map[*conn]bool)
	p.mu.Lock()
	for ex := range p.open {
		exempt[ex.conn] = exempt[ex.conn] || ex.exempt
		if road == ex.road && !ex.exempt {
			victims[ex.conn] = struct{}{}
		}
	}
	if road == "" {
		for c := range p.conns {
			if !exempt[c] || p.closed {
				victims[c] = struct{}{}
			}
		}
	}
	p.mu.Unlock()
	n := 0
	for c := range victims {
		if c.end(k == reset) {
			n++
		}
	}
	p.applied[k].Add(int64(n))
	return n
}

func (p *Proxy) accept() {
	for {
		socket, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			p.config.Logger.Error("no connection was accepted", "error", err)
			if !p.rest(100 * time.Millisecond) { // short of file descriptors, most likely
				return
			}
			continue
		}
		p.admit(socket)
	}
}

func (p *Proxy) admit(socket net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.conns) >= p.config.MaxConnections {
		p.turnedAway.Add(1)
		_ = socket.Close()
		return
	}
	c := newConn(p, uint64(p.accepted.Add(1)), socket)
	p.conns[c] = struct{}{}
	p.wg.Go(func() {
		c.run()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
	})
}

// rest waits, and says whether the proxy still runs.
func (p *Proxy) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closing:
		return false
	}
}

func (p *Proxy) exempt(path string) bool {
	rest, ok := strings.CutPrefix(path, p.config.Exempt)
	return p.config.Exempt != "" && ok && (rest == "" || rest[0] == '/')
}

func (p *Proxy) passed(way Direction, n int) {
	if way == Up {
		p.bytesUp.Add(int64(n))
	} else {
		p.bytesDown.Add(int64(n))
	}
}
