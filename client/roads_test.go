package client_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// exchange publishes n entries one after the other and reads them.
func exchange(t *testing.T, c *client.Client, topic string, entries <-chan client.Entry, n int) {
	t.Helper()
	for i := range n {
		ack, err := c.Topic(topic).Publish(t.Context(), i, client.PublishOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if e := receive(t, entries, 1)[0]; e.Offset != ack.Offset || string(e.Data) != fmt.Sprint(i) {
			t.Fatalf("entry %d is %d %s; acknowledged was %d", i, e.Offset, e.Data, ack.Offset)
		}
	}
}

func TestStepDown(t *testing.T) {
	for _, tc := range []struct {
		name, fault string
		blocked     []string
		road        string
		within      time.Duration
	}{
		{"nothing_is_blocked", "", nil, core.RoadWS, 0},
		{"a_proxy_refuses_WebSocket", refuse, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"a_portal_answers_for_WebSocket", portal, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"a_proxy_knows_no_WebSocket", strip, []string{"/v1/ws"}, core.RoadSSE, time.Second},
		{"an_older_server", older, []string{"/v1/ws", "/v1/sse"}, core.RoadPoll, 3 * time.Second},
		{"a_proxy_buffers", buffer, []string{"/v1/ws", "/v1/sse"}, core.RoadPoll, 30 * time.Second},
		{"a_proxy_buffers_all_streams", buffer, []string{"/v1/sse"}, core.RoadWS, 0},
	} {
		t.Run("CONN-11_"+tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, n := inMemory(t, tutti.Config{Dev: true})
				n.set(tc.fault, tc.blocked...)
				began := time.Now()
				c := n.connect(t, client.Options{})
				awaitRoad(t, c, tc.road)
				if took := time.Since(began); took > tc.within {
					t.Errorf("it took %v to come to %s", took, tc.road)
				}
				exchange(t, c, "t", gather(t, c.Topic("t"), protocol.FromNew()), 10)
				page, err := c.Topic("t").History(t.Context(), client.HistoryOptions{})
				if err != nil || len(page.Entries) != 10 {
					t.Errorf("history: %+v, %v", page, err)
				}
			})
		})
	}
}

func TestClimb(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		n.set(strip, "/v1/ws")
		n.set(buffer, "/v1/sse")
		c := n.connect(t, client.Options{})
		awaitRoad(t, c, core.RoadPoll)
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		exchange(t, c, "t", entries, 3)
		tried := n.count("/v1/ws")
		n.set("", "/v1/sse")
		awaitRoad(t, c, core.RoadSSE)
		if n.count("/v1/ws") != tried+1 {
			t.Errorf("CONN-12: WebSocket was tried %d times before SSE", n.count("/v1/ws")-tried)
		}
		exchange(t, c, "t", entries, 3)
		n.set("", "/v1/ws")
		began := time.Now()
		c.NetworkChanged()
		awaitRoad(t, c, core.RoadWS)
		if took := time.Since(began); took > time.Second {
			t.Errorf("CONN-12: it took %v to climb after the network changed", took)
		}
		exchange(t, c, "t", entries, 3)
	})
}

// TestMoved publishes and reads without a pause while the network takes roads
// away and gives them back, cuts connections, and loses answers to commands.
func TestMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		c := n.connect(t, client.Options{})
		entries := gather(t, c.Topic("t"), protocol.FromEarliest())
		var all []*client.Pending
		publish := func() {
			for range 20 {
				all = append(all, c.Topic("t").Enqueue(len(all), client.PublishOptions{}))
			}
		}
		for _, network := range []struct {
			road  string
			fault map[string]string
		}{
			{core.RoadWS, nil},
			{core.RoadSSE, map[string]string{"/v1/ws": refuse}},
			{core.RoadPoll, map[string]string{"/v1/ws": strip, "/v1/sse": buffer}},
			{core.RoadSSE, map[string]string{"/v1/ws": portal}},
			{core.RoadWS, nil},
			{core.RoadPoll, map[string]string{"/v1/ws": portal, "/v1/sse": portal}},
			{core.RoadWS, nil},
		} {
			n.set("", "/v1/ws", "/v1/sse")
			for path, fault := range network.fault {
				n.set(fault, path)
			}
			publish()
			n.cut()
			publish()
			awaitRoad(t, c, network.road)
			n.set(lose, "/v1/commands")
			publish()
			time.Sleep(time.Second)
			n.set("", "/v1/commands")
			awaitRoad(t, c, network.road)
			publish()
		}
		for i, p := range all {
			if _, err := p.Result(); err != nil {
				t.Fatalf("CONN-4: publish %d: %v", i, err)
			}
		}
		for i, e := range receive(t, entries, len(all)) {
			if string(e.Data) != fmt.Sprint(i) || e.Offset != uint64(i+1) {
				t.Fatalf("PUB-4, SUB-2: entry %d is %d %s", i, e.Offset, e.Data)
			}
		}
		synctest.Wait()
		if len(entries) > 0 {
			t.Errorf("SUB-2: %d entries came twice", len(entries))
		}
	})
}

// overHTTP runs a test on each road without WebSocket.
func overHTTP(t *testing.T, test func(t *testing.T, road string)) {
	for _, road := range []string{core.RoadSSE, core.RoadPoll} {
		t.Run("ROAD-1_"+road, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, road) })
		})
	}
}

func TestLostAnswer(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		c := n.connect(t, client.Options{Roads: []string{road}})
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		n.set(lose, "/v1/commands")
		p := c.Topic("t").Enqueue("once", client.PublishOptions{})
		if e := receive(t, entries, 1)[0]; e.Offset != 1 {
			t.Errorf("the entry is at %d", e.Offset)
		}
		awaitState(t, c, core.Backoff)
		n.set("", "/v1/commands")
		if ack, err := p.Result(); err != nil || ack.Offset != 1 {
			t.Errorf("PUB-5: acknowledged at %d, %v", ack.Offset, err)
		}
		exchange(t, c, "t", entries, 1)
		if n.count("/v1/ws") > 0 {
			t.Error("CONN-11: a road was taken that is not among Roads")
		}
	})
}

func TestSubscriptionsOverHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		tu, n := inMemory(t, tutti.Config{Namespaces: map[string]tutti.Namespace{
			"open": {Anonymous: []auth.Verb{auth.Read, auth.Publish, auth.History}}, "shut": {},
		}})
		c := n.connect(t, client.Options{Roads: []string{road}})
		awaitRoad(t, c, road)
		var topics []<-chan client.Entry
		for i := range 5 {
			topics = append(topics, gather(t, c.Topic(fmt.Sprintf("open:%d", i)), protocol.FromNew()))
		}
		failed := make(chan error, 1)
		c.Topic("shut:0").Subscribe(func(client.Entry) {}, client.SubscribeOptions{Failed: func(err error) { failed <- err }})
		wantCode(t, receive(t, failed, 1)[0], protocol.Unauthenticated)
		for i, entries := range topics {
			exchange(t, c, fmt.Sprintf("open:%d", i), entries, 3)
		}
		again := gather(t, c.Topic("open:0"), protocol.FromEarliest())
		if got := receive(t, again, 3); got[2].Offset != 3 {
			t.Errorf("CONN-10: read %v", got)
		}
		lone := make(chan client.Entry, 10)
		leave := c.Topic("open:9").Subscribe(func(e client.Entry) { lone <- e }, client.SubscribeOptions{})
		leave()
		if _, err := tu.Publish(t.Context(), "open:9", tutti.Message{Data: 1}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Topic("shut:0").Publish(t.Context(), 1, client.PublishOptions{})
		wantCode(t, err, protocol.Unauthenticated)
		_, err = c.Topic("shut:0").History(t.Context(), client.HistoryOptions{})
		wantCode(t, err, protocol.Unauthenticated)
		exchange(t, c, "open:0", topics[0], 3)
		if len(lone) > 0 {
			t.Error("a handler that left was called")
		}
		if s := c.Status(); s.State != core.Live || s.Road != road {
			t.Errorf("the status is %+v", s)
		}
	})
}

func TestTokenOverHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		key := tutti.Key{Alg: auth.HS256, Secret: []byte(strings.Repeat("k", auth.MinSecretBytes))}
		tu, n := inMemory(t, tutti.Config{Keys: []tutti.Key{key}, Leeway: time.Nanosecond})
		var given atomic.Int64
		c := n.connect(t, client.Options{Roads: []string{road}, Token: func(context.Context) (string, error) {
			given.Add(1)
			return auth.Sign(key, auth.Identity{Sub: "ann", Grants: auth.FullRights()}, time.Now(), time.Minute)
		}})
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		for i := range 10 {
			time.Sleep(time.Minute)
			if _, err := tu.Publish(t.Context(), "t", tutti.Message{Data: i}); err != nil {
				t.Fatal(err)
			}
			e := receive(t, entries, 1)[0]
			if string(e.Data) != fmt.Sprint(i) {
				t.Fatalf("AUTH-4: entry %d is %s", i, e.Data)
			}
			exchange(t, c, "t", entries, 1)
		}
		if given.Load() < 10 {
			t.Errorf("CONN-9: only %d tokens were asked for", given.Load())
		}
	})
}

// TestIdleOverHTTP: nothing happens for hours, and the connection lives.
func TestIdleOverHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		_, n := inMemory(t, tutti.Config{Dev: true})
		c := n.connect(t, client.Options{Roads: []string{road}})
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		changes := make(chan client.Status, 100)
		defer c.OnStatus(func(s client.Status) { changes <- s })()
		requests := n.count("/v1/" + road)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(changes) > 0 {
			t.Errorf("LIVE-1: idle, the client became %+v", <-changes)
		}
		if made := n.count("/v1/"+road) - requests; made > 150 {
			t.Errorf("ROAD-3: %d requests in an hour", made)
		}
		c.Wake()
		if s := receive(t, changes, 2); s[0].State != core.Probing || s[1].State != core.Live || s[1].Road != road {
			t.Errorf("CONN-5: woken, the client became %+v", s)
		}
		exchange(t, c, "t", entries, 1)
	})
}

// TestMuted: a proxy lets a stream begin and then nothing through.
func TestMuted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tu, _ := inMemory(t, tutti.Config{Dev: true})
		muted := make(chan struct{})
		n := newNetwork(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/sse" {
				w = &mutable{w, muted, r.Context()}
			}
			tu.ServeHTTP(w, r)
		}))
		n.set(refuse, "/v1/ws")
		c := n.connect(t, client.Options{})
		awaitRoad(t, c, core.RoadSSE)
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		exchange(t, c, "t", entries, 1)
		time.Sleep(time.Minute)
		began := time.Now()
		close(muted)
		n.set(buffer, "/v1/sse")
		if _, err := tu.Publish(t.Context(), "t", tutti.Message{Data: "unheard"}); err != nil {
			t.Fatal(err)
		}
		awaitRoad(t, c, core.RoadPoll)
		if e := receive(t, entries, 1)[0]; string(e.Data) != `"unheard"` {
			t.Errorf("CONN-11: after the silence came %s", e.Data)
		}
		if took := time.Since(began); took > 50*time.Second {
			t.Errorf("CONN-5: it took %v to leave a muted stream", took)
		}
	})
}

// mutable writes until it is muted, and then holds everything.
type mutable struct {
	http.ResponseWriter
	muted chan struct{}
	ctx   context.Context
}

func (m *mutable) Write(b []byte) (int, error) {
	select {
	case <-m.muted:
		<-m.ctx.Done()
		return 0, io.ErrClosedPipe
	default:
		return m.ResponseWriter.Write(b)
	}
}

func (m *mutable) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// TestSlowHandlerOverHTTP holds a handler while more comes than the client
// keeps.
func TestSlowHandlerOverHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		tu, n := inMemory(t, tutti.Config{Dev: true})
		c := n.connect(t, client.Options{Roads: []string{road}, Buffer: 4})
		slow, got := make(chan struct{}), make(chan client.Entry, 1000)
		started := make(chan client.Start, 10)
		c.Topic("t").Subscribe(func(e client.Entry) {
			<-slow
			got <- e
		}, client.SubscribeOptions{Started: func(s client.Start) { started <- s }})
		receive(t, started, 1)
		for i := range 300 {
			if _, err := tu.Publish(t.Context(), "t", tutti.Message{Data: i}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		close(slow)
		for i, e := range receive(t, got, 300) {
			if e.Offset != uint64(i+1) {
				t.Fatalf("entry %d has offset %d", i, e.Offset)
			}
		}
	})
}

// TestCloseOverHTTP closes in the midst of all that may be going on.
func TestCloseOverHTTP(t *testing.T) {
	overHTTP(t, func(t *testing.T, road string) {
		var held atomic.Bool
		closed := make(chan struct{})
		_, n := inMemory(t, tutti.Config{Dev: true, OnPublish: func(context.Context, tutti.Identity, *tutti.Message) error {
			if held.Load() {
				<-closed // so that no answer comes before
			}
			return nil
		}})
		c := n.connect(t, client.Options{Roads: []string{core.RoadWS, road}})
		n.set(refuse, "/v1/ws")
		n.cut()
		awaitRoad(t, c, road)
		entries := gather(t, c.Topic("t"), protocol.FromNew())
		exchange(t, c, "t", entries, 1)
		held.Store(true)
		n.set(buffer, "/v1/commands", "/v1/ws", "/v1/"+road)
		p := c.Topic("t").Enqueue(1, client.PublishOptions{})
		c.NetworkChanged()
		c.Close()
		close(closed)
		_, err := p.Result()
		wantCode(t, err, protocol.Closed)
	})
}

func TestRoadsArguments(t *testing.T) {
	for _, roads := range [][]string{{"http"}, {"ws", "ws"}, {""}} {
		_, err := client.Connect("http://localhost", client.Options{Roads: roads})
		wantCode(t, err, protocol.BadMessage)
	}
}

// TestTLS goes over each road by TLS, with a header of the application's.
func TestTLS(t *testing.T) {
	tu, err := tutti.New(tutti.Config{Dev: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer tu.Close(t.Context())
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Team") != "blue" {
			http.Error(w, "Who is this?", http.StatusForbidden)
			return
		}
		tu.ServeHTTP(w, r)
	}))
	defer s.Close()
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	for _, road := range []string{core.RoadWS, core.RoadSSE, core.RoadPoll} {
		t.Run("CONN-11_"+road, func(t *testing.T) {
			c := dial(t, s.URL, client.Options{Roads: []string{road}, TLS: trust, Header: http.Header{"X-Team": {"blue"}}})
			exchange(t, c, road, gather(t, c.Topic(road), protocol.FromNew()), 3)
			if got := c.Status().Road; got != road {
				t.Errorf("the road is %s", got)
			}
		})
	}
}
