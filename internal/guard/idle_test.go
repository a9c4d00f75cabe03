//go:build linux || darwin

package guard

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	gobwas "github.com/gobwas/ws"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

const (
	warming = 100  // connections before the first look
	idlers  = 1000 // connections whose memory is measured
)

// TestIdleConnectionBytes connects over loopback through the server's own
// handler. Of the clients' ends only the descriptors are kept, which cost no
// memory of this process, so what is measured is the server's.
func TestIdleConnectionBytes(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	addr := startServer(t)
	descriptors := make([]int, 0, warming+idlers)
	defer func() {
		for _, fd := range descriptors {
			must(t, syscall.Close(fd))
		}
	}()
	reader := bufio.NewReader(nil)
	connect := func(n int) {
		for range n {
			fd, err := subscribe(addr, len(descriptors), reader)
			must(t, err)
			descriptors = append(descriptors, fd)
		}
	}
	connect(warming)
	before := inUse()
	connect(idlers)
	guard(t, float64(inUse()-before)/idlers, func(f *figures) *float64 { return &f.BytesPerIdleConnection })
}

func startServer(t *testing.T) (addr string) {
	srv, err := tutti.New(tutti.Config{
		Namespaces: map[string]tutti.Namespace{"room": {Memory: true, Anonymous: []tutti.Verb{auth.Read}}},
		Logger:     slog.New(slog.DiscardHandler),
	})
	must(t, err)
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		must(t, srv.Close(ctx))
		web.Close()
	})
	return web.Listener.Addr().String()
}

// subscribe connects client number n to one of a few topics, waits until it is
// told so, and returns the descriptor of its end.
func subscribe(addr string, n int, reader *bufio.Reader) (fd int, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	secret := fmt.Sprintf("%d.guard%027d", time.Now().Unix()/86400, n)
	hello := fmt.Appendf(nil, `{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":"room:%d"}]}`, secret, n%10)
	_, err = fmt.Fprintf(conn, "GET /v1/ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		addr, protocol.Version)
	if err != nil {
		return 0, err
	}
	if err := gobwas.WriteFrame(conn, gobwas.MaskFrame(gobwas.NewTextFrame(hello))); err != nil {
		return 0, err
	}
	reader.Reset(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close() // of a switch of protocols there is none
	if response.StatusCode != http.StatusSwitchingProtocols {
		return 0, errors.New(response.Status)
	}
	if err := awaitSubscribed(reader); err != nil {
		return 0, err
	}
	return duplicate(conn.(*net.TCPConn))
}

func awaitSubscribed(reader *bufio.Reader) error {
	for {
		header, err := gobwas.ReadHeader(reader)
		if err != nil {
			return err
		}
		payload, err := io.ReadAll(io.LimitReader(reader, header.Length))
		switch {
		case err != nil:
			return err
		case header.OpCode != gobwas.OpText:
			return fmt.Errorf("the server said %s", payload)
		case bytes.Contains(payload, []byte(`"type":"subscribed"`)):
			return nil
		}
	}
}

// duplicate returns a second descriptor of the connection, which outlives it.
func duplicate(conn *net.TCPConn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(own uintptr) { fd, failed = syscall.Dup(int(own)) })
	return fd, errors.Join(err, failed)
}

// inUse returns the bytes of live objects and of stacks. It collects as often
// as it takes for pools to be empty and stacks to have shrunk, by half each
// time.
func inUse() int64 {
	for range 6 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
