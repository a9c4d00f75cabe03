package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const patience = 20 * time.Second

// target is a server behind a proxy, and what it has seen.
type target struct {
	*httptest.Server
	seen chan string // method, path and body of each request, when it was read
	gone chan string // path of each stream and WebSocket whose end it saw
	say  chan string // what the stream or WebSocket that is open tells its client
}

func newTarget(t *testing.T) *target {
	s := &target{seen: make(chan string, 100), gone: make(chan string, 100), say: make(chan string)}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.seen <- fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, len(body))
		w.Header().Set("From", "target")
		if r.URL.Path == "/chunked" {
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/v1/sse", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		s.seen <- "stream"
		for {
			select {
			case line, ok := <-s.say:
				if !ok {
					return
				}
				_, _ = io.WriteString(w, line)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				s.gone <- r.URL.Path
				return
			}
		}
	})
	mux.HandleFunc("/v1/ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		s.seen <- "socket"
		c.SetReadLimit(1 << 20)
		for {
			kind, data, err := c.Read(context.Background())
			if err != nil {
				s.gone <- err.Error()
				return
			}
			s.seen <- "frame " + string(data)
			if c.Write(context.Background(), kind, data) != nil {
				return
			}
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// take returns what a channel gives next.
func take[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func nothing[T any](t *testing.T, c <-chan T) {
	t.Helper()
	select {
	case v := <-c:
		t.Fatalf("%v came", v)
	default:
	}
}

// newProxy makes a proxy in front of s, and a client of it.
func newProxy(t *testing.T, s *target, config Config, rules ...Rule) (*Proxy, *http.Client) {
	t.Helper()
	config.Target, config.Rules, config.Logger = s.Listener.Addr().String(), rules, slog.New(slog.DiscardHandler)
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// rule makes a rule of a match and a fault.
func rule(m Match, f Fault) Rule { return Rule{Match: m, Fault: f} }

func request1(t *testing.T, c *http.Client, method, url, body string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// wire is a client that sees bytes.
type wire struct {
	*net.TCPConn
	in *bufio.Reader
	t  *testing.T
}

func dialWire(t *testing.T, p *Proxy) *wire {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{c.(*net.TCPConn), bufio.NewReader(c), t}
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

// expect reads exactly this.
func (w *wire) expect(text string) {
	w.t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(w.in, got); err != nil || string(got) != text {
		w.t.Fatalf("%q, %v came in place of %q", got[:n], err, text)
	}
}

// rest reads to the end: what came, and the error, nil for an end in good order.
func (w *wire) rest() (string, error) {
	text, err := io.ReadAll(w.in)
	return string(text), err
}

// head reads up to the end of a head.
func (w *wire) head() string {
	w.t.Helper()
	var head strings.Builder
	for {
		line, err := w.in.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			w.t.Fatalf("%q, %v came in place of a head", head.String(), err)
		}
		if line == "\r\n" {
			return head.String()
		}
	}
}

func wasReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// dialSocket opens a WebSocket through the proxy.
func dialSocket(t *testing.T, p *Proxy) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c, resp, err := websocket.Dial(ctx, "ws://"+p.Addr()+"/v1/ws", nil)
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, resp, err
}

func echo(t *testing.T, c *websocket.Conn, text string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return err
	}
	_, got, err := c.Read(ctx)
	if err == nil && string(got) != text {
		t.Fatalf("%q came back as %q", text, got)
	}
	return err
}

// until waits for a condition of the proxy's counts.
func until(t *testing.T, p *Proxy, what string, ok func(Stats) bool) {
	t.Helper()
	look, enough := time.NewTicker(time.Millisecond), time.After(patience)
	defer look.Stop()
	for !ok(p.Stats()) {
		select {
		case <-look.C:
		case <-enough:
			t.Fatalf("%s: never so; the counts are %+v", what, p.Stats())
		}
	}
}
