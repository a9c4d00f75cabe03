package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

func TestMain(m *testing.M) {
	if story := os.Getenv(processStory); story != "" {
		if err := tell(story); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// patience ends a test that would hang.
const patience = 20 * time.Second

// server is a tutti server that can be cut off and restarted.
type server struct {
	t    *testing.T
	tu   *tutti.Server
	http *httptest.Server
}

func serve(t *testing.T, config tutti.Config) *server {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	tu, err := tutti.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, tu: tu, http: httptest.NewServer(http.StripPrefix("/live", tu))}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		tu.Close(ctx)
		s.http.Close()
	})
	return s
}

func dial(t *testing.T, address string, options client.Options) *client.Client {
	t.Helper()
	c, err := client.Connect(address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// receive gets n things from ch.
func receive[T any](t *testing.T, ch <-chan T, n int) []T {
	t.Helper()
	var all []T
	late := time.After(patience)
	for len(all) < n {
		select {
		case v := <-ch:
			all = append(all, v)
		case <-late:
			t.Fatalf("got %d of %d: %v", len(all), n, all)
		}
	}
	return all
}

// gather subscribes and returns a channel of the entries, and waits for the
// subscription to start.
func gather(t *testing.T, topic *client.Topic, from protocol.From) <-chan client.Entry {
	t.Helper()
	entries, started := make(chan client.Entry, 10_000), make(chan client.Start, 100)
	topic.Subscribe(func(e client.Entry) { entries <- e }, client.SubscribeOptions{
		From: from, Started: func(s client.Start) { started <- s },
	})
	receive(t, started, 1)
	return entries
}

// awaitState waits until the client is in the state.
func awaitState(t *testing.T, c *client.Client, state core.State) client.Status {
	t.Helper()
	changes := make(chan client.Status, 100)
	defer c.OnStatus(func(s client.Status) { changes <- s })()
	s := c.Status()
	for s.State != state {
		s = receive(t, changes, 1)[0]
	}
	return s
}

func wantCode(t *testing.T, err error, code protocol.Code) {
	t.Helper()
	var e *protocol.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("the error is %v, not %s", err, code)
	}
}

func TestPublishAndRead(t *testing.T) {
	s := serve(t, tutti.Config{Dev: true})
	ctx := within(t)
	c := dial(t, s.http.URL+"/live/", client.Options{})
	chat := c.Topic("chat:lobby")
	entries := gather(t, chat, protocol.FromNew())
	for n := 1; n <= 3; n++ {
		ack, err := chat.Publish(ctx, map[string]int{"n": n}, client.PublishOptions{Name: "say", Key: "ann"})
		if err != nil || ack.Offset != uint64(n) || ack.Term == "" {
			t.Fatalf("acknowledged %+v, %v", ack, err)
		}
	}
	for i, e := range receive(t, entries, 3) {
		var data struct{ N int }
		err := e.Decode(&data)
		if err != nil || data.N != 0 && data.N != i+1 || e.Offset != uint64(i+1) || e.Name != "say" || e.Key != "ann" || e.Topic != "chat:lobby" {
			t.Errorf("entry %d is %+v", i, e)
		}
		if string(e.Data) != fmt.Sprintf(`{"n":%d}`, i+1) {
			t.Errorf("its data is %s", e.Data)
		}
	}
	page, err := chat.History(ctx, client.HistoryOptions{Limit: 2})
	if err != nil || page.First != 1 || page.Head.Offset != 3 || len(page.Entries) != 2 || page.Entries[1].Offset != 3 {
		t.Errorf("history is %+v, %v", page, err)
	}
	var read []uint64
	for e, err := range chat.Read(ctx, protocol.FromEarliest()) {
		if err != nil {
			t.Fatal(err)
		}
		if read = append(read, e.Offset); len(read) == 3 {
			break
		}
	}
	if !slices.Equal(read, []uint64{1, 2, 3}) {
		t.Errorf("read %v", read)
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, tutti.Config{Dev: true, OnPublish: func(_ context.Context, _ tutti.Identity, m *tutti.Message) error {
		return tutti.Reject("not here")
	}})
	ctx := within(t)
	c := dial(t, s.http.URL+"/live", client.Options{})
	p := c.Topic("chat").Enqueue("hello", client.PublishOptions{})
	_, err := p.Result()
	wantCode(t, err, protocol.Rejected)
	if p.Status() != client.Rejected {
		t.Errorf("the status is %v", p.Status())
	}
	_, err = c.Topic("").Publish(ctx, 1, client.PublishOptions{})
	wantCode(t, err, protocol.BadTopic)
	_, err = c.Topic("t").Publish(ctx, func() {}, client.PublishOptions{})
	wantCode(t, err, protocol.BadMessage)
	_, err = c.Topic("t").Publish(ctx, 1, client.PublishOptions{Key: "a\tb"})
	wantCode(t, err, protocol.BadMessage)
	_, err = c.Topic("").History(ctx, client.HistoryOptions{})
	wantCode(t, err, protocol.BadTopic)
	for _, err := range c.Topic("chat").Read(ctx, protocol.FromPosition(protocol.Position{Term: "nosuchterm0", Offset: 7})) {
		wantCode(t, err, protocol.PositionLost)
	}
	for _, err := range c.Topic("").Read(ctx, protocol.FromNew()) {
		wantCode(t, err, protocol.BadTopic)
	}
}

func TestCutConnections(t *testing.T) {
	s := serve(t, tutti.Config{Dev: true})
	reader := dial(t, s.http.URL+"/live", client.Options{})
	writer := dial(t, s.http.URL+"/live", client.Options{})
	entries := gather(t, reader.Topic("t"), protocol.FromEarliest())
	var all []*client.Pending
	for n := range 200 {
		if n%50 == 25 {
			receive(t, entries, 1)
			s.http.CloseClientConnections()
		}
		all = append(all, writer.Topic("t").Enqueue(n, client.PublishOptions{}))
	}
	for n, p := range all {
		ack, err := p.Result()
		if err != nil || ack.Offset != uint64(n+1) || p.Status() != client.Acknowledged {
			t.Fatalf("CONN-4: publish %d: %+v, %v", n, ack, err)
		}
	}
	for i, e := range receive(t, entries, 196) {
		if want := fmt.Sprint(i + 4); string(e.Data) != want {
			t.Fatalf("SUB-2: entry %d is %s", i, e.Data)
		}
	}
}

func TestHandlers(t *testing.T) {
	s := serve(t, tutti.Config{Dev: true})
	ctx := within(t)
	var log strings.Builder
	c := dial(t, s.http.URL+"/live", client.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	topic := c.Topic("t")
	once := make(chan client.Entry, 10)
	var leave func()
	joined := make(chan struct{})
	topic.Subscribe(func(client.Entry) { panic("a fault of the application") }, client.SubscribeOptions{})
	leave = topic.Subscribe(func(e client.Entry) {
		<-joined
		leave()
		leave()
		once <- e
	}, client.SubscribeOptions{})
	close(joined)
	every := make(chan client.Entry, 10)
	c.OnEntry(func(e client.Entry) { every <- e })
	entries := gather(t, topic, protocol.FromNew())
	for n := range 3 {
		if _, err := topic.Publish(ctx, n, client.PublishOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	receive(t, entries, 3)
	if seen := receive(t, every, 3); seen[2].Offset != 3 {
		t.Errorf("OnEntry saw %v", seen)
	}
	if len(once) != 1 {
		t.Errorf("CONN-10: a handler that left was called %d times", len(once))
	}
	c.Close()
	if n := strings.Count(log.String(), "a handler panicked"); n != 3 {
		t.Errorf("%d panics were logged: %s", n, log.String())
	}
}

// TestSlowHandler holds a handler while more comes than the client keeps:
// reading stops, and nothing is missed when it goes on.
func TestSlowHandler(t *testing.T) {
	s := serve(t, tutti.Config{Dev: true})
	ctx := within(t)
	c := dial(t, s.http.URL+"/live", client.Options{Buffer: 4})
	slow, held, got := make(chan struct{}), make(chan struct{}), make(chan client.Entry, 1000)
	var first sync.Once
	started := make(chan client.Start, 1)
	c.Topic("t").Subscribe(func(e client.Entry) {
		first.Do(func() { close(held); <-slow })
		got <- e
	}, client.SubscribeOptions{Started: func(s client.Start) { started <- s }})
	receive(t, started, 1)
	for n := range 300 {
		if _, err := s.tu.Publish(ctx, "t", tutti.Message{Data: n}); err != nil {
			t.Fatal(err)
		}
	}
	<-held
	close(slow)
	for i, e := range receive(t, got, 300) {
		if e.Offset != uint64(i+1) {
			t.Fatalf("entry %d has offset %d", i, e.Offset)
		}
	}
}

func TestOffline(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := dial(t, gone.URL, client.Options{})
	awaitState(t, c, core.Backoff)
	if c.Online() {
		t.Error("online without a server")
	}
	topic := c.Topic("t")
	waiting := topic.Enqueue(1, client.PublishOptions{})
	if waiting.Status() != client.Queued {
		t.Errorf("the status is %v", waiting.Status())
	}
	late := topic.Enqueue(2, client.PublishOptions{Timeout: time.Millisecond})
	_, err := late.Result()
	wantCode(t, err, protocol.Timeout)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = topic.Publish(ctx, 3, client.PublishOptions{})
	wantCode(t, err, protocol.Aborted)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error %v does not wrap the context's", err)
	}
	_, err = topic.History(ctx, client.HistoryOptions{})
	wantCode(t, err, protocol.Aborted)
	closed := make(chan client.Status, 100)
	c.OnStatus(func(s client.Status) { closed <- s })
	c.Close()
	c.Close()
	_, err = waiting.Result()
	wantCode(t, err, protocol.Closed)
	_, err = topic.Publish(t.Context(), 4, client.PublishOptions{})
	wantCode(t, err, protocol.Closed)
	for _, err := range topic.Read(t.Context(), protocol.FromNew()) {
		wantCode(t, err, protocol.Closed)
	}
	for receive(t, closed, 1)[0].State != core.Closed {
	}
}

func TestToken(t *testing.T) {
	s := serve(t, tutti.Config{})
	t.Run("CONN-3_a_wrong_token_parks", func(t *testing.T) {
		c := dial(t, s.http.URL+"/live", client.Options{Token: func(context.Context) (string, error) { return "nonsense", nil }})
		wantCode(t, awaitState(t, c, core.Parked).Err, protocol.BadToken)
	})
	t.Run("CONN-1_no_token_now", func(t *testing.T) {
		c := dial(t, s.http.URL+"/live", client.Options{StaticToken: "unused", Token: func(context.Context) (string, error) { panic("no token") }})
		wantCode(t, awaitState(t, c, core.Backoff).Err, protocol.Disconnected)
	})
}

func TestConnectArguments(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://x", "http://", "http://[::1", "//x"} {
		_, err := client.Connect(address, client.Options{})
		wantCode(t, err, protocol.BadMessage)
	}
	_, err := client.Connect("http://localhost", client.Options{Buffer: -1})
	wantCode(t, err, protocol.BadMessage)
}
