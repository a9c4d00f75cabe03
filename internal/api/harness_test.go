package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/internal/transport/post"
	"github.com/tuttisync/tutti/internal/transport/sse"
	"github.com/tuttisync/tutti/internal/transport/ws"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/store/memory"
	texts "github.com/tuttisync/tutti/text/document"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a test that would hang.
const patience = 20 * time.Second

// settings are what a test may change before its server starts.
type settings struct {
	hub     hub.Config
	api     Config
	open    []auth.Verb // what everyone may do in the namespace open
	signing auth.Config
}

// testServer is a server with a clock of its own that goes on from the real
// one, and one namespace, chat, besides open.
type testServer struct {
	*httptest.Server
	t       *testing.T
	hub     *hub.Hub
	api     *Server
	log     *memory.Store
	signing auth.Config
	ahead   atomic.Int64 // of the real clock, in nanoseconds
}

func serve(t *testing.T, change ...func(*settings)) *testServer {
	t.Helper()
	s := &testServer{t: t, log: memory.New()}
	limits := protocol.DefaultLimits()
	set := settings{
		open:    auth.Verbs()[:5],
		signing: auth.Config{Keys: []auth.Key{{Alg: auth.HS256, Secret: bytes.Repeat([]byte("k"), 32)}}},
		hub: hub.Config{
			Durable: s.log, Memory: s.log,
			Session: session.Config{
				HelloTimeout: patience, Ping: time.Hour, Grace: time.Hour, AuthGrace: 30 * time.Second, Limits: limits,
			},
			Hooks: hub.Hooks{Timeout: patience},
			Encoders: hub.Encoders{
				hub.Messages: func(dst []byte, topic string, stored []byte) []byte {
					return ws.AppendText(dst, protocol.AppendEntryMessage(nil, topic, stored))
				},
				hub.Events:   sse.AppendEvent,
				hub.Streamed: post.AppendEvent,
				hub.Listed:   post.AppendItem,
			},
			Metrics: metrics.New(),
			Logger:  slog.New(slog.DiscardHandler),
			Now:     s.now,
		},
		api: Config{Limits: limits, Modules: modules()},
	}
	var ids atomic.Int64
	set.hub.NewID = func() string { return fmt.Sprint("session", ids.Add(1)) }
	for _, c := range change {
		c(&set)
	}
	s.signing = set.signing
	verifier, err := auth.NewVerifier(set.signing)
	must(t, err)
	set.hub.Policy, err = auth.NewPolicy(auth.PolicyConfig{Namespaces: map[string][]auth.Verb{"chat": nil, "silent": nil, "cards": nil, "notes": nil, "open": set.open}})
	must(t, err)
	set.hub.Namespace = func(topic string) (hub.Namespace, error) {
		switch protocol.Namespace(topic) {
		case "silent":
			return hub.Namespace{Presence: hub.Presence{None: true}}, nil
		case "chat", "open", "user":
			return hub.Namespace{}, nil
		case "cards":
			return hub.Namespace{Type: doc.Of(records.Type)}, nil
		case "notes":
			return hub.Namespace{Type: texts.Kind}, nil
		}
		return hub.Namespace{}, protocol.Errorf(protocol.UnknownNamespace, "")
	}
	set.hub.Identify = func(token string, _ protocol.Secret) (auth.Identity, error) {
		if token == "" {
			return auth.Identity{}, nil
		}
		return verifier.Verify(token, s.now())
	}
	s.hub, err = hub.New(set.hub)
	must(t, err)
	set.api.Hub, set.api.Metrics, set.api.Logger = s.hub, set.hub.Metrics, set.hub.Logger
	set.api.WS = ws.Config{MaxMessage: set.api.Limits.FrameBytes, WriteTimeout: patience, Subprotocol: protocol.Version}
	set.api.Post = post.Config{
		Hub: s.hub, MaxBody: set.api.Limits.FrameBytes + protocol.HelloBytes, HelloTimeout: set.hub.Session.HelloTimeout, MaxWait: patience, Stall: patience,
	}
	set.api.SSE = sse.Config{Hub: s.hub, Heartbeat: time.Hour, Retry: 2 * time.Second, Stall: patience}
	s.api = New(set.api)
	s.Server = httptest.NewServer(s.api)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.hub.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		s.Server.CloseClientConnections()
		s.Server.Close()
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *testServer) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// token is a token of alice with these grants; a ttl of 0 never ends.
func (s *testServer) token(ttl time.Duration, grants ...auth.Grant) string {
	s.t.Helper()
	token, err := s.signing.Sign(auth.Identity{Sub: "alice", Name: "Alice", Grants: grants}, s.now(), ttl)
	must(s.t, err)
	return token
}

func grant(topics string, verbs ...auth.Verb) auth.Grant {
	return auth.Grant{Topics: topics, Verbs: verbs}
}

// request makes a request; header is pairs of name and value.
func (s *testServer) request(method, path, body string, header ...string) *http.Response {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	must(s.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	if r.Header.Get("Host") != "" {
		r.Host = r.Header.Get("Host")
	}
	response, err := s.Client().Transport.RoundTrip(r)
	must(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	return response
}

func bearer(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + token}
}

// failure reads an answer of the form {"error": …}; the zero error if it is
// none. It checks the status.
func failure(t *testing.T, r *http.Response) protocol.Error {
	t.Helper()
	if r.StatusCode < 400 {
		return protocol.Error{}
	}
	body, err := io.ReadAll(r.Body)
	must(t, err)
	var answer struct {
		Error protocol.Error `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("status %d with %q, which is not an error in JSON", r.StatusCode, body)
	}
	if want := answer.Error.Kind().Status; r.StatusCode != want || answer.Error.Message == "" {
		t.Errorf("%s has the status %d and message %q, want status %d", answer.Error.Code, r.StatusCode, answer.Error.Message, want)
	}
	return answer.Error
}

// wire is a WebSocket that speaks raw JSON.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context
}

// said is a message of the server's, with the fields that tests look at.
type said struct {
	Type      string
	ID        uint64
	Topic     string
	Client    string
	Clients   []string
	Session   string
	Sub, Name string
	Seq       uint64
	Offset    uint64
	Term      string
	Expected  uint64
	Recovered bool
	Data      json.RawMessage
	Entries   []json.RawMessage
	Error     *protocol.Error
	Limits    protocol.Limits
	Ping      int64
}

// code is that of the message's error, or empty.
func (m said) code() protocol.Code {
	if m.Error == nil {
		return ""
	}
	return m.Error.Code
}

// dial opens a WebSocket and says nothing.
func (s *testServer) dial(header ...string) *wire {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	options := &websocket.DialOptions{Subprotocols: []string{protocol.Version}, HTTPHeader: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		options.HTTPHeader.Set(header[i], header[i+1])
	}
	conn, _, err := websocket.Dial(ctx, s.URL+"/v1/ws", options)
	must(s.t, err)
	conn.SetReadLimit(16 << 20)
	s.t.Cleanup(func() { conn.CloseNow() })
	return &wire{t: s.t, conn: conn, ctx: ctx}
}

// connect says hello with a token and one client, and hears welcome.
func (s *testServer) connect(token string) *wire {
	s.t.Helper()
	w := s.dial()
	w.say(fmt.Sprintf(`{"type":"hello","token":%q,"clients":[{"secret":%q,"run":1}]}`, token, newSecret(s.t)))
	if m := w.hear(); m.Type != "welcome" {
		s.t.Fatalf("hello is answered by %+v", m)
	}
	return w
}

var secrets atomic.Int64

// newSecret is a secret born today that no other test has.
func newSecret(t *testing.T) protocol.Secret {
	t.Helper()
	secret, err := protocol.NewSecret(strings.NewReader(fmt.Sprintf("%016d", secrets.Add(1))), time.Now())
	must(t, err)
	return secret
}

func (w *wire) say(frame string) {
	w.t.Helper()
	must(w.t, w.conn.Write(w.ctx, websocket.MessageText, []byte(frame)))
}

func (w *wire) hear() said {
	w.t.Helper()
	_, frame, err := w.conn.Read(w.ctx)
	if err != nil {
		w.t.Fatalf("hear: %v", err)
	}
	var m said
	if err := json.Unmarshal(frame, &m); err != nil {
		w.t.Fatalf("the server said %q", frame)
	}
	return m
}

// ask says a message and hears the next thing.
func (w *wire) ask(frame string) said {
	w.t.Helper()
	w.say(frame)
	return w.hear()
}

// end hears close and then the close code.
func (w *wire) end() (protocol.Code, int) {
	w.t.Helper()
	m := w.hear()
	if m.Type != "close" {
		w.t.Fatalf("the server said %+v in place of close", m)
	}
	_, frame, err := w.conn.Read(w.ctx)
	if err == nil {
		w.t.Fatalf("after close the server said %q", frame)
	}
	return m.code(), int(websocket.CloseStatus(err))
}
