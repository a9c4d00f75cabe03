// Package intake bounds how many new connections a server greets at a time.
//
// When thousands come back at once, each that is accepted costs a goroutine and
// the buffers of a request while it waits for its turn of the processor. Those
// that are not accepted yet wait in the kernel for next to nothing, and no
// timeout of ours runs for them.
package intake

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// Most is how many connections are new at a time.
	Most = 32
	// Patience is after what time one counts as new no more, whatever it does: a
	// peer that says nothing must not keep others out for long.
	Patience = 250 * time.Millisecond
)

// Listener accepts when fewer than Most of its connections are new. A
// connection is so until its first request came to a handler, or, if that asks
// for an upgrade, was answered or taken over; it ended; or Patience has passed.
type Listener struct {
	net.Listener
	slots chan struct{}

	mu     sync.Mutex // guards the fields below
	fresh  map[net.Conn]*time.Timer
	closed chan struct{}
	once   sync.Once
}

// Listen returns a Listener over l for the connections of s, whose Handler,
// ConnState and ConnContext it takes part in.
func Listen(l net.Listener, s *http.Server) *Listener {
	in := &Listener{
		Listener: l, slots: make(chan struct{}, Most),
		fresh: make(map[net.Conn]*time.Timer), closed: make(chan struct{}),
	}
	handler := s.Handler
	s.ConnState = in.connState
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok && r.Header.Get("Upgrade") == "" {
			in.settle(conn)
		}
		handler.ServeHTTP(w, r)
	})
	return in
}

// connKey is a request's connection in its context.
type connKey struct{}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh[conn] = time.AfterFunc(Patience, func() { l.settle(conn) })
	return conn, nil
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *Listener) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle, http.StateHijacked, http.StateClosed:
		l.settle(conn)
	}
}

// settle lets another connection come.
func (l *Listener) settle(conn net.Conn) {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if timer, ok := l.fresh[conn]; ok {
		timer.Stop()
		delete(l.fresh, conn)
		<-l.slots
	}
}
