package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/metrics"
	"github.com/tuttisync/tutti/internal/session"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a test that would hang.
const patience = time.Minute

// node is a hub over a store in memory. Its time runs, unless the config brings
// a clock of its own: then the test moves it, with Tick.
type node struct {
	*Hub
	t   testing.TB
	log *memory.Store
}

// everyone may do everything.
var everyone = auth.Identity{Sub: "alice", Name: "Alice", Grants: auth.FullRights()}

func newNode(t testing.TB, change ...func(*Config)) *node {
	t.Helper()
	log := memory.New()
	policy, err := auth.NewPolicy(auth.PolicyConfig{AnyNamespace: true})
	must(t, err)
	var ids atomic.Int64
	config := Config{
		Durable: log, Memory: log,
		Namespace: func(string) (Namespace, error) { return Namespace{}, nil },
		Policy:    policy,
		Hooks:     Hooks{Timeout: 5 * time.Second},
		Identify:  func(string, protocol.Secret) (auth.Identity, error) { return everyone, nil },
		Session: session.Config{
			HelloTimeout: 10 * time.Second, Ping: 25 * time.Second, Grace: 10 * time.Second,
			AuthGrace: 30 * time.Second, Limits: protocol.DefaultLimits(),
		},
		Encoders: Encoders{
			Messages: func(dst []byte, topic string, stored []byte) []byte {
				return append(protocol.AppendEntryMessage(dst, topic, stored), '\n')
			},
			Events: func(dst []byte, _ string, stored []byte) []byte { return append(append(dst, stored...), '\n') },
		},
		Framers: Framers{Messages: {
			Share: func(end []byte) []byte { return append(end, '\n') },
			Head:  func(dst, head []byte, _ int) []byte { return append(dst, head...) },
		}},
		Metrics: metrics.New(),
		Logger:  slog.New(slog.DiscardHandler),
		NewID:   func() string { return fmt.Sprint("session", ids.Add(1)) },
	}
	for _, c := range change {
		c(&config)
	}
	h, err := New(config)
	must(t, err)
	n := &node{Hub: h, t: t, log: log}
	if config.Now != nil {
		t.Cleanup(n.close)
		return n
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		h.Run(ctx)
	}()
	t.Cleanup(func() {
		n.close()
		cancel()
		<-ran
	})
	return n
}

func (n *node) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		n.t.Errorf("close: %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tell publishes as the embedding program does.
func (n *node) tell(topic, data string) protocol.Position {
	n.t.Helper()
	p, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: topic, Data: []byte(data)})
	must(n.t, err)
	return p
}

// tellMany publishes the numbers from to last, each as its own data.
func (n *node) tellMany(topic string, from, last int) {
	n.t.Helper()
	for i := from; i <= last; i++ {
		n.tell(topic, fmt.Sprint(i))
	}
}

// peer is a transport's end that hears what the hub says, one message a line.
// Stalled, it takes nothing until it is released.
type peer struct {
	mu      sync.Mutex // guards the fields below
	news    *sync.Cond
	said    []said
	raw     int // bytes heard
	stalled bool
	held    [][]byte
	done    func(error)
	closed  bool
	code    int
	onClose func()

	in atomic.Uint64
}

// said is a message of the hub's, with the fields that tests look at.
type said struct {
	Type      string
	ID        uint64
	Topic     string
	Client    string
	Session   string
	Seq       uint64
	Offset    uint64
	Term      string
	Expected  uint64
	Recovered bool
	Skipped   uint64
	Key       string
	First     uint64
	Head      protocol.Position
	Data      json.RawMessage
	Entries   []protocol.Entry
	Error     *protocol.Error

	line string // all of it
}

func (m said) code() protocol.Code {
	if m.Error == nil {
		return ""
	}
	return m.Error.Code
}

func newPeer() *peer {
	p := &peer{}
	p.news = sync.NewCond(&p.mu)
	return p
}

func (p *peer) Frame(dst, message []byte) []byte { return append(append(dst, message...), '\n') }

func (p *peer) Send(frames [][]byte, done func(error)) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.done != nil:
		panic("Send while another goes on")
	case p.closed:
		return false, fmt.Errorf("the peer has closed")
	case p.stalled:
		p.held, p.done = frames, done
		p.news.Broadcast()
		return false, nil
	}
	p.hear(frames)
	return true, nil
}

// hear takes frames in. p.mu is held.
func (p *peer) hear(frames [][]byte) {
	for line := range bytes.Lines(bytes.Join(frames, nil)) {
		var m said
		if err := json.Unmarshal(line, &m); err != nil {
			panic(fmt.Sprintf("the hub said %q: %v", line, err))
		}
		m.line = string(line)
		p.said = append(p.said, m)
		p.raw += len(line)
	}
	p.news.Broadcast()
}

// stall makes the peer take nothing.
func (p *peer) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = true
}

// release takes what was held, and goes on.
func (p *peer) release() {
	p.mu.Lock()
	p.stalled = false
	done := p.done
	if done != nil {
		p.hear(p.held)
		p.held, p.done = nil, nil
	}
	p.mu.Unlock()
	if done != nil {
		done(nil)
	}
}

// Close ends the transport at once, whatever is being sent.
func (p *peer) Close(code int, _ string) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed, p.code = true, code
	p.news.Broadcast()
	p.mu.Unlock()
	p.onClose()
}

func (p *peer) BytesIn() uint64 { return p.in.Load() }

// await blocks until ok, which is called with p.mu held.
func (p *peer) await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		late = true
		p.news.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !ok() {
		if late {
			t.Fatalf("%s never came; closed: %t (%d); heard so far: %+.300v", what, p.closed, p.code, p.said)
		}
		p.news.Wait()
	}
}

// line is a connection as its transport sees it.
type line struct {
	*peer
	t         testing.TB
	conn      *Conn
	read      int        // messages that next returned
	transport sync.Mutex // Receive, Wait and Closed come from one goroutine at a time
}

// open starts a connection that has said nothing.
func (n *node) open() *line { return n.openWith(nil) }

func (n *node) openWith(request *http.Request) *line {
	n.t.Helper()
	l := &line{peer: newPeer(), t: n.t}
	l.onClose = func() {
		n.Go(func() {
			l.transport.Lock()
			defer l.transport.Unlock()
			l.conn.Closed()
		})
	}
	l.transport.Lock()
	defer l.transport.Unlock()
	l.conn = n.Accept(l.peer, Opening{Request: request, Encoding: Messages})
	return l
}

// connect says hello with one client, and hears welcome.
func (n *node) connect(secret protocol.Secret, run int) *line {
	n.t.Helper()
	l := n.open()
	l.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":%d}]}`, secret, run))
	l.expect("welcome")
	return l
}

var secrets atomic.Int64

// newSecret is a secret born today that no other client has.
func newSecret(t testing.TB) protocol.Secret {
	t.Helper()
	secret, err := protocol.NewSecret(strings.NewReader(fmt.Sprintf("%016d", secrets.Add(1))), time.Now())
	must(t, err)
	return secret
}

func (l *line) say(frame string) {
	l.transport.Lock()
	defer l.transport.Unlock()
	l.in.Add(uint64(len(frame)))
	l.conn.Receive([]byte(frame))
	l.conn.Wait()
}

// next waits for the next message.
func (l *line) next() said {
	l.t.Helper()
	l.await(l.t, "the next message", func() bool { return len(l.said) > l.read })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read++
	return l.said[l.read-1]
}

func (l *line) expect(kind string) said {
	l.t.Helper()
	m := l.next()
	if m.Type != kind {
		l.t.Fatalf("the hub said %+v, want %s", m, kind)
	}
	return m
}

// entries expects the entries of a topic with these offsets, and data alike.
func (l *line) entries(topic string, first, last uint64) {
	l.t.Helper()
	for o := first; o <= last; o++ {
		m := l.expect("entry")
		if m.Topic != topic || m.Offset != o || string(m.Data) != fmt.Sprint(o) {
			l.t.Fatalf("the hub said entry %d of %s with %s, want %d of %s", m.Offset, m.Topic, m.Data, o, topic)
		}
	}
}

// quiet asks for a pong, and fails if anything comes before it.
func (l *line) quiet() {
	l.t.Helper()
	l.say(`{"type":"ping"}`)
	l.expect("pong")
}

// end waits until the hub has closed the transport, and returns what it said
// last, and the close code.
func (l *line) end() (said, int) {
	l.t.Helper()
	l.await(l.t, "the end", func() bool { return l.closed })
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.said) == 0 {
		return said{}, l.code
	}
	return l.said[len(l.said)-1], l.code
}

// both expects two messages in any order.
func (l *line) both(one, other string) {
	l.t.Helper()
	a, b := l.next(), l.next()
	if (a.Type != one || b.Type != other) && (a.Type != other || b.Type != one) {
		l.t.Fatalf("the hub said %+v and %+v, want %s and %s", a, b, one, other)
	}
}
