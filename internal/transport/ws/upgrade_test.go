package ws

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti/protocol"
)

// echo is a server whose connections send back what they are told. The Conn of
// each and how its Serve ended go to channels.
type echo struct {
	*httptest.Server
	conns chan *Conn
	ended chan error
}

func newEcho(t testing.TB, cfg Config, tls bool) *echo {
	e := &echo{conns: make(chan *Conn, 64), ended: make(chan error, 64)}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := Upgrade(w, r, cfg)
		if err != nil {
			var refusal *protocol.Error
			if errors.As(err, &refusal) {
				http.Error(w, refusal.Error(), refusal.Kind().Status)
			}
			return
		}
		e.conns <- conn
		go func() { e.ended <- conn.Serve(echoTo(conn)) }()
	}))
	if tls {
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

// echoTo waits for each of its sends, as its frames are its own again only then.
func echoTo(conn *Conn) func([]byte) error {
	done := make(chan error, 1)
	return func(m []byte) error {
		appendFrame := AppendText
		if conn.Deflated() {
			appendFrame = AppendDeflated
		}
		all, err := conn.Send([][]byte{appendFrame(nil, m)}, func(err error) { done <- err })
		if err != nil || all {
			return err
		}
		return <-done
	}
}

func TestUpgrade(t *testing.T) {
	e := newEcho(t, Config{}, false)
	const good = "GET / HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Protocol: tutti.v1\n"
	with := func(old, replacement string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the handshake has no %q", old)
		}
		return strings.Replace(good, old, replacement, 1)
	}
	for _, c := range []struct {
		name, request string
		status        int
		header, value string
	}{
		{"RFC 6455 1.3", good, 101, "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"subprotocol is named", good, 101, "Sec-WebSocket-Protocol", "tutti.v1"},
		{"several subprotocols", with("tutti.v1", "a, tutti.v1,b"), 101, "Sec-WebSocket-Protocol", "tutti.v1"},
		{"subprotocols on several lines", with("tutti.v1", "a\nSec-WebSocket-Protocol: tutti.v1"), 101, "Sec-WebSocket-Protocol", "tutti.v1"},
		{"Connection is a list", with("Connection: Upgrade", "Connection: keep-alive, upgrade"), 101, "Upgrade", "websocket"},
		{"Connection on several lines", with("Connection: Upgrade", "Connection: keep-alive\nConnection: Upgrade"), 101, "Upgrade", "websocket"},
		{"Upgrade in capitals", with("websocket", "WebSocket"), 101, "Upgrade", "websocket"},
		{"extensions are not taken up", good + "Sec-WebSocket-Extensions: permessage-deflate\n", 101, "Sec-WebSocket-Extensions", ""},
		{"POST", with("GET", "POST"), 405, "Allow", "GET"},
		{"HTTP/1.0", with("HTTP/1.1", "HTTP/1.0"), 400, "", ""},
		{"no Upgrade", with("Upgrade: websocket\n", ""), 400, "", ""},
		{"other Upgrade", with("websocket", "h2c"), 400, "", ""},
		{"no Connection", with("Connection: Upgrade\n", ""), 400, "", ""},
		{"version 8", with("Version: 13", "Version: 8"), 400, "Sec-WebSocket-Version", "13"},
		{"no version", with("Sec-WebSocket-Version: 13\n", ""), 400, "Sec-WebSocket-Version", "13"},
		{"two versions", with("Version: 13", "Version: 13\nSec-WebSocket-Version: 13"), 400, "Sec-WebSocket-Version", "13"},
		{"no key", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n", ""), 400, "", ""},
		{"short key", with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), 400, "", ""},
		{"key is not base64", with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q=="), 400, "", ""},
		{"two keys", with("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Key"), 400, "", ""},
		{"no subprotocol", with("Sec-WebSocket-Protocol: tutti.v1\n", ""), 400, "", ""},
		{"other subprotocol", with("tutti.v1", "tutti.v2, TUTTI.V1"), 400, "", ""},
		{"body", good + "Content-Length: 2\n\nab", 400, "", ""},
		{"chunked body", good + "Transfer-Encoding: chunked\n\n0\n", 400, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := dial(t, e, strings.ReplaceAll(c.request, "\n", "\r\n")+"\r\n")
			answer, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != c.status || answer.Header.Get(c.header) != c.value {
				t.Errorf("status %d, %s %q", answer.StatusCode, c.header, answer.Header.Get(c.header))
			}
			_ = client.Close()
			if c.status == http.StatusSwitchingProtocols {
				await(t, "end of Serve", e.ended)
			}
		})
	}

	t.Run("frames sent with the handshake are not lost", func(t *testing.T) {
		long := strings.Repeat("x", 3000)
		client := dial(t, e, strings.ReplaceAll(good, "\n", "\r\n")+"\r\n"+
			string(join(mask(ws.OpText, true, "early"), mask(ws.OpText, true, long), mask(ws.OpText, false, "a"))))
		r := bufio.NewReader(client)
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(join(mask(ws.OpContinuation, true, "b"), closeFrame(1000, ""))); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range frames(t, r) {
			got = append(got, answer(f))
		}
		if want := "1 early,1 " + long + ",1 ab,8 1000"; strings.Join(got, ",") != want {
			t.Errorf("frames %.100q", got)
		}
		await(t, "end of Serve", e.ended)
	})

	t.Run("a server that cannot be upgraded", func(t *testing.T) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(good, "\n", "\r\n") + "\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if _, err := Upgrade(w, r, Config{}); !errors.Is(err, protocol.Errorf(protocol.Internal, "")) {
			t.Errorf("error %v", err)
		}
		if body, err := io.ReadAll(w.Result().Body); len(body) > 0 || err != nil {
			t.Errorf("wrote %q, %v", body, err)
		}
	})
}

func readAnswer(t testing.TB, r io.Reader) *http.Response {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// dial connects and sends request as it is.
func dial(t testing.TB, e *echo, request string) *net.TCPConn {
	t.Helper()
	client, err := net.Dial("tcp", e.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatal(err)
	}
	return client.(*net.TCPConn)
}
