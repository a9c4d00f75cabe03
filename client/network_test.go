package client_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
)

// long ends a wait that would never end, on the clock of a bubble.
const long = 2 * time.Hour

// How a network treats the requests for a path.
const (
	refuse = "refuse" // a proxy says no
	older  = "older"  // the server is too old to have this road
	portal = "portal" // a captive portal answers in place of the server
	buffer = "buffer" // a proxy holds the answer back until it is whole
	strip  = "strip"  // a proxy that knows no WebSocket leaves out its headers
	hold   = "hold"   // the request comes nowhere
	lose   = "lose"   // the answer is lost on its way
	slow   = "slow"   // the request takes a second on its way
)

// network lies between clients and a server, all in memory, so that it may be
// used in a bubble of synctest.
type network struct {
	http    *http.Server
	dialled chan net.Conn
	closed  chan struct{}

	mu      sync.Mutex // guards what follows
	handler http.Handler
	faults  map[string]string
	counts  map[string]int
	conns   []net.Conn
}

func newNetwork(t *testing.T, handler http.Handler) *network {
	n := &network{
		handler: handler, dialled: make(chan net.Conn), closed: make(chan struct{}),
		faults: map[string]string{}, counts: map[string]int{},
	}
	n.http = &http.Server{Handler: n, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = n.http.Serve(n) })
	t.Cleanup(func() {
		n.http.Close()
		serving.Wait()
	})
	return n
}

// inMemory serves a tutti server behind a network.
func inMemory(t *testing.T, config tutti.Config) (*tutti.Server, *network) {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	tu, err := tutti.New(config)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(t, tu)
	t.Cleanup(func() { tu.Close(context.WithoutCancel(t.Context())) })
	return tu, n
}

// serveAnew puts another server in the place of the one that there is.
func (n *network) serveAnew(t *testing.T, config tutti.Config) *tutti.Server {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	next, err := tutti.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { next.Close(context.WithoutCancel(t.Context())) })
	n.mu.Lock()
	n.handler = next
	n.mu.Unlock()
	n.cut()
	return next
}

// connect makes a client whose requests cross the network.
func (n *network) connect(t *testing.T, options client.Options) *client.Client {
	t.Helper()
	transport := &http.Transport{DialContext: n.dial}
	t.Cleanup(transport.CloseIdleConnections)
	options.HTTPClient = &http.Client{Transport: transport}
	return dial(t, "http://localhost", options)
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case n.dialled <- named{far}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.closed:
		return nil, net.ErrClosed
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, far)
	return near, nil
}

// named is a pipe with the address of this machine.
type named struct{ net.Conn }

func (named) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.dialled:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	close(n.closed)
	return nil
}

func (n *network) Addr() net.Addr { return named{}.RemoteAddr() }

// set treats the requests for a path so from now on; not at all with "".
func (n *network) set(fault string, paths ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range paths {
		n.faults[p] = fault
	}
}

// cut ends all connections.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Close()
	}
	n.conns = nil
}

// count is how many requests for a path there were.
func (n *network) count(path string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts[path]
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	fault, handler := n.faults[r.URL.Path], n.handler
	n.counts[r.URL.Path]++
	n.mu.Unlock()
	switch fault {
	case refuse:
		http.Error(w, "This kind of traffic is not allowed here.", http.StatusForbidden)
	case older:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":{"code":"not_found","message":"There is nothing here.","retryable":false}}`)
	case portal:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Welcome to our hotel</title>")
	case buffer:
		whole := httptest.NewRecorder()
		handler.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	case hold:
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees that the client leaves
		<-r.Context().Done()
	case slow:
		time.Sleep(time.Second)
		handler.ServeHTTP(w, r)
	case strip:
		r.Header.Del("Upgrade")
		r.Header.Del("Connection")
		handler.ServeHTTP(w, r)
	case lose:
		handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		handler.ServeHTTP(w, r)
	}
}

// awaitRoad waits until the client is live on a road.
func awaitRoad(t *testing.T, c *client.Client, road string) {
	t.Helper()
	changes := make(chan client.Status, 1000)
	defer c.OnStatus(func(s client.Status) { changes <- s })()
	late := time.After(long)
	for s := c.Status(); s.State != core.Live || s.Road != road; {
		select {
		case s = <-changes:
		case <-late:
			t.Fatalf("the client is %+v, not live on %s", c.Status(), road)
		}
	}
}
