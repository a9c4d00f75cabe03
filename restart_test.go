package tutti_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/store/memory"
)

// Servers are restarted while clients publish and read without a pause: every
// publish is acknowledged, no application sees an error, and every reader gets
// exactly the log.
func TestRestart_DRAIN_under_load(t *testing.T) {
	config := tutti.Config{Dev: true, Drain: time.Second, Logger: slog.New(slog.DiscardHandler)}
	t.Run("one_takes_over_from_the_other", func(t *testing.T) {
		shared := config
		shared.Store = memory.New()
		defer func() { must(t, shared.Store.Close()) }()
		restart(t, func(b *balancer, old *running) *running {
			next := start(t, shared)
			b.to.Store(next.addr)
			old.stop(t)
			return next
		})
	})
	t.Run("on_the_same_directory", func(t *testing.T) {
		own := config
		own.Dir, own.Drain = t.TempDir(), 200*time.Millisecond
		restart(t, func(b *balancer, old *running) *running {
			old.stop(t)
			next := start(t, own)
			b.to.Store(next.addr)
			return next
		})
	})
}

const crowd = 20 // clients, each of which publishes and reads

// restart lets the crowd work while server follows server. replace starts the
// next one in place of old, which is none at first.
func restart(t *testing.T, replace func(b *balancer, old *running) *running) {
	b := balance(t)
	srv := replace(b, &running{})
	var members []*member
	var acked atomic.Uint64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var publishing sync.WaitGroup
	for i := range crowd {
		m := join(t, b, i)
		members = append(members, m)
		publishing.Go(func() { acked.Add(m.publish(ctx)) })
	}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		for _, m := range members {
			m.await(t, m.seen.Load()+10)
		}
		srv = replace(b, srv)
	}
	for _, m := range members {
		m.await(t, m.seen.Load()+10)
	}
	stop()
	publishing.Wait()
	for i, m := range members {
		m.await(t, acked.Load())
		must(t, m.client.Close())
		if got := m.seen.Load(); got != acked.Load() {
			t.Errorf("client %d has read %d entries, of %d that were acknowledged", i, got, acked.Load())
		}
	}
	t.Logf("%d entries, each read by %d", acked.Load(), crowd)
	srv.stop(t)
	b.close()
}

// member is a client of the crowd.
type member struct {
	t      *testing.T
	number int
	client *client.Client
	seen   atomic.Uint64 // the offset of the newest entry read
	news   chan struct{} // holds a token when seen has changed
	last   [crowd]int    // what was read of each, used by the handler alone
}

func join(t *testing.T, b *balancer, number int) *member {
	c, err := client.Connect("http://"+b.listener.Addr().String(), client.Options{})
	must(t, err)
	m := &member{t: t, number: number, client: c, news: make(chan struct{}, 1)}
	c.Topic("a").Subscribe(m.read, client.SubscribeOptions{
		From: tutti.Earliest(),
		Started: func(s client.Start) {
			if !s.Recovered {
				t.Errorf("client %d lost its place", number)
			}
		},
		Failed: func(err error) { t.Errorf("client %d: the subscription ended: %v", number, err) },
	})
	return m
}

// publish publishes 1, 2, 3, …, each when the one before is acknowledged, until
// ctx ends, and returns how many those were.
func (m *member) publish(ctx context.Context) uint64 {
	n := uint64(0)
	for ctx.Err() == nil {
		_, err := m.client.Topic("a").Publish(context.WithoutCancel(ctx), [2]int{m.number, int(n + 1)}, client.PublishOptions{})
		if err != nil {
			m.t.Errorf("client %d: publish %d: %v", m.number, n+1, err)
			return n
		}
		n++
	}
	return n
}

func (m *member) read(e client.Entry) {
	if before := m.seen.Swap(e.Offset); e.Offset != before+1 {
		m.t.Errorf("client %d: entry %d came behind %d", m.number, e.Offset, before)
	}
	var data [2]int
	if err := e.Decode(&data); err != nil {
		m.t.Errorf("client %d: entry %d: %v", m.number, e.Offset, err)
	} else if m.last[data[0]]++; data[1] != m.last[data[0]] {
		m.t.Errorf("client %d: entry %d is number %d of client %d, not %d", m.number, e.Offset, data[1], data[0], m.last[data[0]])
	}
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// await waits until the client has read up to an offset.
func (m *member) await(t *testing.T, offset uint64) {
	t.Helper()
	late := time.After(time.Minute)
	for m.seen.Load() < offset {
		select {
		case <-m.news:
		case <-late:
			t.Fatalf("client %d has read up to %d, not %d", m.number, m.seen.Load(), offset)
		}
	}
}

// running is a server that listens; the zero running is none.
type running struct {
	srv    *tutti.Server
	http   *http.Server
	addr   string
	served chan error
}

func start(t *testing.T, config tutti.Config) *running {
	t.Helper()
	srv, err := tutti.New(config)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &running{srv: srv, http: &http.Server{Handler: srv}, addr: listener.Addr().String(), served: make(chan error, 1)}
	go func() { r.served <- r.http.Serve(listener) }()
	return r
}

// stop ends the server as the binary does.
func (r *running) stop(t *testing.T) {
	t.Helper()
	if r.srv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must(t, r.srv.Close(ctx))
	must(t, r.http.Shutdown(ctx))
	<-r.served
}

// balancer passes connections on to whichever server it is set to.
type balancer struct {
	listener net.Listener
	to       atomic.Value // string, an address
	passing  sync.WaitGroup
}

func balance(t *testing.T) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	b := &balancer{listener: listener}
	b.passing.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.passing.Go(func() { b.pass(conn.(*net.TCPConn)) })
		}
	})
	return b
}

// pass copies both ways until both have ended.
func (b *balancer) pass(conn *net.TCPConn) {
	defer conn.Close()
	other, err := net.Dial("tcp", b.to.Load().(string))
	if err != nil {
		return // as a balancer does whose server is away
	}
	server := other.(*net.TCPConn)
	defer server.Close()
	var up sync.WaitGroup
	up.Go(func() {
		_, err := io.Copy(server, conn)
		_ = errors.Join(err, server.CloseWrite())
	})
	_, err = io.Copy(conn, server)
	_ = errors.Join(err, conn.CloseWrite())
	up.Wait()
}

func (b *balancer) close() {
	_ = b.listener.Close()
	b.passing.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
