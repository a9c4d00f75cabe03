package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
)

const (
	subscribers = 500
	publishes   = 100 // of one round
	rounds      = 5   // the least of them counts: what else allocates only adds
)

// TestDeliveryAllocations publishes to subscribers whose sockets are memory,
// the next message when all have the last.
func TestDeliveryAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	h := newHub(t)
	a := &audience{all: make(chan struct{}, 1)}
	for i := range subscribers {
		c := h.Accept(&listener{audience: a}, hub.Opening{Encoding: hub.Messages})
		defer c.Closed()
		secret := fmt.Sprintf("%d.guard%027d", time.Now().Unix()/86400, i)
		c.Receive(fmt.Appendf(nil, `{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":"room"}]}`, secret))
	}
	data := fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 80))
	tell := func() {
		_, err := h.Publish(t.Context(), hub.Publication{Trusted: true, Topic: "room", Data: data})
		must(t, err)
		select {
		case <-a.all:
		case <-time.After(patience):
			t.Fatalf("%d deliveries came", a.got.Load())
		}
	}
	for range publishes {
		tell()
	}
	least := math.Inf(1)
	for range rounds {
		least = min(least, allocations(func() {
			for range publishes {
				tell()
			}
		}))
	}
	guard(t, least/(publishes*subscribers), func(f *figures) *float64 { return &f.AllocationsPerDelivery })
}

// allocations counts those of one run, without the collector, which would
// empty the pools.
func allocations(run func()) float64 {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}

// audience counts what all listeners hear.
type audience struct {
	got atomic.Int64
	all chan struct{} // holds a token when each has heard the latest
}

// listener is a WebSocket that takes everything at once.
type listener struct{ audience *audience }

var entry = []byte(`"type":"entry"`)

func (*listener) Frame(dst, message []byte) []byte { return ws.AppendText(dst, message) }

func (l *listener) Send(frames [][]byte, _ func(error)) (bool, error) {
	for _, f := range frames {
		if n := bytes.Count(f, entry); n > 1 {
			return false, errors.New("a message was not waited for")
		} else if n == 1 && l.audience.got.Add(1)%subscribers == 0 {
			l.audience.all <- struct{}{}
		}
	}
	return true, nil
}

func (*listener) Close(int, string) {}

func (*listener) BytesIn() uint64 { return 0 }

func newHub(t *testing.T) *hub.Hub {
	policy, err := auth.NewPolicy(auth.PolicyConfig{AnyNamespace: true})
	must(t, err)
	log := memory.New()
	h, err := hub.New(hub.Config{
		Durable: log, Memory: log,
		Namespace: func(string) (hub.Namespace, error) { return hub.Namespace{}, nil },
		Policy:    policy,
		Hooks:     hub.Hooks{Timeout: time.Second},
		Identify: func(string, protocol.Secret) (auth.Identity, error) {
			return auth.Identity{Sub: "alice", Grants: auth.FullRights()}, nil
		},
		Session: session.Config{
			HelloTimeout: patience, Ping: patience, Grace: patience, AuthGrace: patience, Limits: protocol.DefaultLimits(),
		},
		Encoders: hub.Encoders{hub.Messages: func(dst []byte, topic string, stored []byte) []byte {
			return ws.AppendText(dst, protocol.AppendEntryMessage(nil, topic, stored))
		}},
		Metrics: metrics.New(),
		Logger:  slog.New(slog.DiscardHandler),
		NewID:   func() string { return "session" },
	})
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		must(t, h.Close(ctx))
		must(t, log.Close())
	})
	return h
}
