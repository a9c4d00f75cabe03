package ws

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestPeer talks to another implementation, over plain sockets and TLS.
func TestPeer(t *testing.T) {
	for name, tls := range map[string]bool{"tcp": false, "tls": true} {
		t.Run(name, func(t *testing.T) { testPeer(t, tls) })
	}
}

// TestPeer_compression talks compressed to another implementation.
func TestPeer_compression(t *testing.T) {
	for name, mode := range map[string]websocket.CompressionMode{
		"disabled": websocket.CompressionDisabled, "no context takeover": websocket.CompressionNoContextTakeover,
		"context takeover": websocket.CompressionContextTakeover,
	} {
		t.Run(name, func(t *testing.T) {
			e := newEcho(t, Config{Compression: true}, false)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			client, _, err := websocket.Dial(ctx, e.URL, &websocket.DialOptions{
				HTTPClient: &http.Client{Transport: e.Client().Transport}, Subprotocols: []string{"tutti.v1"},
				CompressionMode: mode, CompressionThreshold: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			client.SetReadLimit(1 << 20)
			conn := await(t, "connection", e.conns)
			if want := mode != websocket.CompressionDisabled; conn.Deflated() != want {
				t.Errorf("compression is %v, want %v", conn.Deflated(), want)
			}
			for _, n := range []int{0, 1, 511, 512, 4096, 65536, 200_000} {
				for _, message := range []string{strings.Repeat("x", n), string(entryLike(n))} {
					if err := client.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
						t.Fatal(err)
					}
					expect(ctx, t, client, message)
				}
			}
			if got := conn.BytesOut(); conn.Deflated() != (got < 300_000) {
				t.Errorf("the echoes took %d bytes", got)
			}
			if err := client.Close(1000, ""); err != nil {
				t.Error(err)
			}
			await(t, "end of Serve", e.ended)
		})
	}
}

func testPeer(t *testing.T, tls bool) {
	e := newEcho(t, Config{}, tls)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	connect := func(t *testing.T) (*websocket.Conn, *Conn) {
		t.Helper()
		// http.DefaultTransport would keep goroutines beyond the test.
		client, _, err := websocket.Dial(ctx, e.URL, &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: e.Client().Transport}, Subprotocols: []string{"tutti.v1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.CloseNow() })
		client.SetReadLimit(1 << 20)
		return client, await(t, "connection", e.conns)
	}
	roundTrip := func(t *testing.T, client *websocket.Conn, message string) {
		t.Helper()
		if err := client.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		expect(ctx, t, client, message)
	}

	t.Run("echo and close", func(t *testing.T) {
		client, _ := connect(t)
		for _, n := range []int{0, 1, 125, 126, 4096, 65535, 65536, 200_000} {
			roundTrip(t, client, strings.Repeat("x", n))
		}
		if err := client.Close(4321, "bye"); err != nil {
			t.Error(err)
		}
		var closed *CloseError
		if err := await(t, "end of Serve", e.ended); !errors.As(err, &closed) || *closed != (CloseError{4321, "bye", true}) {
			t.Errorf("cause %v", err)
		}
	})

	t.Run("fragments", func(t *testing.T) {
		client, _ := connect(t)
		w, err := client.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		part := strings.Repeat("€", 3000)
		for range 5 {
			if _, err := w.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		expect(ctx, t, client, strings.Repeat(part, 5))
		_ = client.Close(1000, "")
		await(t, "end of Serve", e.ended)
	})

	t.Run("pings both ways", func(t *testing.T) {
		client, conn := connect(t)
		received := make(chan string, 2)
		go func() {
			for {
				_, m, err := client.Read(ctx)
				if err != nil {
					close(received)
					return
				}
				received <- string(m)
			}
		}()
		if err := client.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		all, err := conn.Send([][]byte{AppendPing(nil, []byte("p")), AppendText(nil, []byte("x"))}, func(err error) { done <- err })
		if err == nil && !all {
			err = await(t, "done", done)
		}
		if err != nil || await(t, "message", received) != "x" {
			t.Fatalf("Send: %v", err)
		}
		if err := client.Write(ctx, websocket.MessageText, []byte("y")); err != nil {
			t.Fatal(err)
		}
		if await(t, "echo", received) != "y" || conn.Pongs() != 1 {
			t.Errorf("%d pongs", conn.Pongs())
		}
		_ = client.CloseNow()
		<-received
		await(t, "end of Serve", e.ended)
	})

	t.Run("close by the server", func(t *testing.T) {
		client, conn := connect(t)
		conn.Close(4003, "draining")
		var closed websocket.CloseError
		if _, _, err := client.Read(ctx); !errors.As(err, &closed) || closed.Code != 4003 || closed.Reason != "draining" {
			t.Errorf("read %v", err)
		}
		var ours *CloseError
		if err := await(t, "end of Serve", e.ended); !errors.As(err, &ours) || ours.ByPeer {
			t.Errorf("cause %v", err)
		}
	})

	t.Run("binary is refused", func(t *testing.T) {
		client, _ := connect(t)
		if err := client.Write(ctx, websocket.MessageBinary, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.Read(ctx); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
			t.Errorf("read %v", err)
		}
		await(t, "end of Serve", e.ended)
	})
}

func expect(ctx context.Context, t *testing.T, client *websocket.Conn, message string) {
	t.Helper()
	kind, got, err := client.Read(ctx)
	if err != nil || kind != websocket.MessageText || string(got) != message {
		t.Fatalf("read %d bytes of %d, %v, %v", len(got), len(message), kind, err)
	}
}
