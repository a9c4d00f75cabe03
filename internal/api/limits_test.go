package api

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/gate"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
)

const from = "X-Forwarded-For"

// bounded is a server behind a trusted proxy, the test, with these bounds. Its
// gate's clock stands still.
func bounded(t *testing.T, c gate.Config, change ...func(*settings)) *testServer {
	t.Helper()
	now := time.Now()
	c.Now = func() time.Time { return now }
	proxies, err := gate.ParseProxies([]string{"127.0.0.0/8", "::1"})
	must(t, err)
	return serve(t, append(change, func(s *settings) {
		s.api.Gate, s.api.Proxies = gate.New(c), proxies
	})...)
}

// metric is the value of a metric's line, as text.
func (s *testServer) metric(line string) string {
	s.t.Helper()
	body, err := io.ReadAll(s.request("GET", "/metrics", "").Body)
	must(s.t, err)
	for l := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(l, line+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	s.t.Fatalf("there is no metric %s", line)
	return ""
}

// limited fails unless a limit was counted n times.
func (s *testServer) limited(l protocol.Limit, n int) {
	s.t.Helper()
	if got := s.metric(fmt.Sprintf("tutti_limited_total{limit=%q}", l)); got != fmt.Sprint(n) {
		s.t.Errorf("%s was counted %s times, want %d", l, got, n)
	}
}

// eventually asks until it is so.
func (s *testServer) eventually(what string, ok func() bool) {
	s.t.Helper()
	for late := time.Now().Add(patience); !ok(); {
		if time.Now().After(late) {
			s.t.Fatalf("%s: never", what)
		}
	}
}

// refused is how a WebSocket from an address is refused; the zero error if it
// is not.
func (s *testServer) refused(address string) protocol.Error {
	s.t.Helper()
	r := s.request("GET", "/v1/ws", "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
		"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol", protocol.Version, from, address)
	if r.StatusCode == http.StatusSwitchingProtocols {
		s.t.Fatal("let in")
	}
	e := failure(s.t, r)
	if r.Header.Get("Retry-After") == "" {
		s.t.Error("no Retry-After")
	}
	return e
}

func TestLimits(t *testing.T) {
	const public, neighbour = "203.0.113.5", "203.0.113.6"
	t.Run("LIMIT-4/before_the_upgrade", func(t *testing.T) {
		s := bounded(t, gate.Config{AddressConnections: 1})
		first := s.dial(from, public)
		if e := s.refused(public); e.Code != protocol.RateLimited {
			t.Errorf("got %v", e)
		}
		s.dial(from, neighbour)
		s.dial()
		s.dial()
		must(t, first.conn.Close(websocket.StatusNormalClosure, ""))
		s.eventually("the place is free again", func() bool {
			r := s.request("GET", "/v1/sse?topic=open:a", "", from, public)
			line, err := bufio.NewReader(r.Body).ReadString('\n')
			must(t, err)
			return line == "retry: 2000\n"
		})
	})
	t.Run("LIMIT-4/SSE-6_a_stream_is_told_to_come_back", func(t *testing.T) {
		s := bounded(t, gate.Config{AddressConnections: 1})
		s.dial(from, public)
		r := s.request("GET", "/v1/sse?topic=open:a", "", from, public)
		body, err := io.ReadAll(r.Body)
		if r.StatusCode != http.StatusOK || err != nil || string(body) != "retry: 10000\n\n" {
			t.Errorf("%s with %q, %v", r.Status, body, err)
		}
		s.limited(protocol.AddressConnectionsLimit, 1)
	})
	t.Run("LIMIT-4/ROAD-5_over_HTTP", func(t *testing.T) {
		s := bounded(t, gate.Config{AddressConnections: 1})
		s.dial(from, public)
		for _, path := range []string{"/v1/sse", "/v1/poll", "/v1/commands"} {
			if e := failure(t, s.request("POST", path, `{"type":"hello"}`, from, public)); e.Code != protocol.RateLimited {
				t.Errorf("%s: %v", path, e)
			}
		}
		if e := failure(t, s.request("GET", "/v1/poll?topic=open:a", "", from, public)); e.Code != protocol.RateLimited {
			t.Errorf("GET /v1/poll: %v", e)
		}
		s.limited(protocol.AddressConnectionsLimit, 4)
	})
	t.Run("LIMIT-5/after_hello", func(t *testing.T) {
		s := bounded(t, gate.Config{UserConnections: 1})
		token := s.token(0, grant("*", auth.Read))
		first := s.connect(token)
		second := s.dial()
		second.say(fmt.Sprintf(`{"type":"hello","token":%q}`, token))
		if code, close := second.end(); code != protocol.RateLimited || close != 4001 {
			t.Errorf("got %s, %d", code, close)
		}
		r := s.request("GET", "/v1/sse?topic=open:a", "", bearer(token)...)
		if body, err := io.ReadAll(r.Body); r.StatusCode != http.StatusOK || err != nil || string(body) != "retry: 10000\n\n" {
			t.Errorf("%s with %q, %v", r.Status, body, err)
		}
		if e := failure(t, s.request("POST", "/v1/sse", fmt.Sprintf(`{"type":"hello","token":%q}`, token))); e.Code != protocol.RateLimited {
			t.Errorf("POST /v1/sse: %v", e)
		}
		if m := first.ask(`{"type":"ping"}`); m.Type != "pong" {
			t.Errorf("the first hears %+v", m)
		}
		s.connect("")
		s.connect("")
		s.limited(protocol.UserConnectionsLimit, 3)
	})
	t.Run("LIMIT-6/connects", func(t *testing.T) {
		s := bounded(t, gate.Config{AddressConnects: 1, Connects: 2})
		for range 5 {
			s.dial(from, public)
		}
		if e := s.refused(public); e.Code != protocol.RateLimited || e.RetryAfter < 1000 {
			t.Errorf("got %+v", e)
		}
		for range 5 {
			s.dial(from, neighbour)
		}
		if e := s.refused("203.0.113.7"); e.Code != protocol.Overloaded || e.RetryAfter < 1000 {
			t.Errorf("got %+v", e)
		}
		s.limited(protocol.AddressConnectsLimit, 1)
		s.limited(protocol.ConnectsLimit, 1)
	})
	t.Run("LIMIT-9/requests", func(t *testing.T) {
		s := bounded(t, gate.Config{Requests: 1})
		publish := func(header ...string) protocol.Error {
			return failure(t, s.request("POST", "/v1/topics/open:a/events", `{"data":1}`, header...))
		}
		for range 5 {
			if e := publish(from, public); e.Code != "" {
				t.Fatal(e)
			}
		}
		if e := publish(from, public); e.Code != protocol.RateLimited || e.RetryAfter < 1000 {
			t.Errorf("got %+v", e)
		}
		token := s.token(0, grant("*", auth.Publish, auth.History))
		if e := publish(append(bearer(token), from, public)...); e.Code != "" {
			t.Errorf("a user from there: %v", e)
		}
		if e := failure(t, s.request("GET", "/v1/topics/open:a/events", "", from, public)); e.Code != protocol.RateLimited {
			t.Errorf("reading: %v", e)
		}
		if e := publish(from, neighbour); e.Code != "" {
			t.Errorf("the neighbour: %v", e)
		}
		for range 20 {
			if e := publish(); e.Code != "" {
				t.Fatalf("this machine: %v", e)
			}
		}
		s.limited(protocol.RequestsLimit, 2)
	})
	t.Run("LIMIT-9/commands_of_a_batch_are_requests", func(t *testing.T) {
		s := bounded(t, gate.Config{Requests: 1})
		token := s.token(0, grant("*", auth.Publish))
		batch := fmt.Sprintf(`[{"type":"hello","token":%q,"clients":[{"secret":%q,"run":1}]}`, token, newSecret(t))
		for seq := range 7 {
			batch += fmt.Sprintf(`,{"type":"publish","topic":"open:a","seq":%d,"data":%d}`, seq+1, seq+1)
		}
		r := s.request("POST", "/v1/commands", batch+"]", from, public)
		body, err := io.ReadAll(r.Body)
		must(t, err)
		if acks, refused := strings.Count(string(body), `"type":"ack"`), strings.Count(string(body), `"rate_limited"`); acks != 5 || refused != 2 {
			t.Errorf("%d are taken and %d refused: %s", acks, refused, body)
		}
		s.limited(protocol.RequestsLimit, 2)
	})
	t.Run("LIMIT-1/sizes_are_counted", func(t *testing.T) {
		s := bounded(t, gate.Config{}, func(s *settings) {
			s.api.Limits.FrameBytes, s.api.Limits.MessageBytes, s.api.Limits.Members = 4096, 1000, 4
			s.hub.Session.Limits = s.api.Limits
		})
		w := s.connect("")
		for data, want := range map[string]protocol.Limit{
			strings.Repeat("[", 65) + strings.Repeat("]", 65): protocol.DepthLimit,
			"[0,0,0,0,0]":                         protocol.MembersLimit,
			`"` + strings.Repeat("x", 999) + `"`:  protocol.MessageBytesLimit,
			`"` + strings.Repeat("x", 4096) + `"`: protocol.FrameBytesLimit,
		} {
			if e := failure(t, s.request("POST", "/v1/topics/open:a/events", `{"data":`+data+`}`)); e.Code == "" {
				t.Errorf("%s is passed over", want)
			}
			s.limited(want, 1)
		}
		if m := w.ask(`{"type":"publish","topic":"open:a","seq":1,"data":[0,0,0,0,0]}`); m.Type != "rejected" || m.code() != protocol.LimitExceeded {
			t.Errorf("got %+v", m)
		}
		s.limited(protocol.MembersLimit, 2)
		if m := w.ask(`{"type":"subscribe","id":1,"topic":"` + strings.Repeat("x", 256) + `"}`); m.code() != protocol.BadTopic {
			t.Errorf("got %+v", m)
		}
		s.limited(protocol.NameLimit, 1)
		w.say(`{"type":"` + strings.Repeat("x", 4096) + `"}`)
		if _, _, err := w.conn.Read(w.ctx); websocket.CloseStatus(err) != 1009 {
			t.Errorf("a long frame ends with %v", err)
		}
		s.eventually("the frame is counted", func() bool { return s.metric(`tutti_limited_total{limit="frameBytes"}`) == "2" })
	})
	t.Run("LIMIT-1/fragments_are_counted", func(t *testing.T) {
		s := bounded(t, gate.Config{})
		s.api.config.WS = ws.Config{MaxFragments: 2}
		w := s.dial()
		writer, err := w.conn.Writer(w.ctx, websocket.MessageText)
		must(t, err)
		for range 5 {
			if _, err := writer.Write([]byte(strings.Repeat(" ", 5000))); err != nil {
				break // it has been closed
			}
		}
		if _, _, err := w.conn.Read(w.ctx); websocket.CloseStatus(err) != 1009 {
			t.Errorf("it ends with %v", err)
		}
		s.eventually("the fragments are counted", func() bool { return s.metric(`tutti_limited_total{limit="fragments"}`) == "1" })
	})
}

// Every limit has a line from the start.
func TestLimits_all_have_a_metric(t *testing.T) {
	s := serve(t)
	for _, l := range protocol.LimitNames() {
		s.limited(l, 0)
	}
}

// Answers that nobody takes are counted with all that waits.
func TestLimits_LIMIT_12_long_answers(t *testing.T) {
	s := serve(t, func(c *settings) { c.hub.OutboundTotal = 2000 })
	publish := func(topic, data string) {
		_, err := s.hub.Publish(t.Context(), hub.Publication{Trusted: true, Topic: topic, Data: []byte(data)})
		must(t, err)
	}
	ask := func(path string, status int) {
		t.Helper()
		if r := s.request("GET", path, "", bearer(s.token(0, grant("*", auth.Read, auth.History)))...); r.StatusCode != status {
			t.Errorf("GET %s is answered %d, want %d", path, r.StatusCode, status)
		}
	}
	publish("chat:a", `1`)
	_, err := s.hub.Edit(t.Context(), hub.Operation{Trusted: true, Topic: "cards:a", Op: []byte(`{"op":"set","key":"a","value":{"x":1}}`)})
	must(t, err)
	ask("/v1/topics/chat:a/events", http.StatusOK)
	ask("/v1/docs/cards:a", http.StatusOK)
	release, err := s.hub.Hold(1900)
	must(t, err)
	ask("/v1/topics/chat:a/events", http.StatusServiceUnavailable)
	ask("/v1/docs/cards:a", http.StatusServiceUnavailable)
	release()
	ask("/v1/topics/chat:a/events", http.StatusOK)
	ask("/v1/docs/cards:a", http.StatusOK)
}
