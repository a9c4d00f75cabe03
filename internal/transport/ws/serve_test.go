package ws

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti/protocol"
)

func TestServe(t *testing.T) {
	t.Run("LIVE-2_handler errors have close codes", func(t *testing.T) {
		plain := errors.New("a secret")
		for _, c := range []struct {
			err  error
			want string
		}{
			{protocol.Errorf(protocol.BadFrame, "No."), "\x10\x68bad_frame: No."},
			{fmt.Errorf("judge: %w", protocol.Errorf(protocol.Draining, "")), "\x0f\xa3draining: The server is shutting down; reconnect."},
			{protocol.Errorf(protocol.Gap, ""), "\x0f\xa6internal: The server failed; its log says why."},
			{plain, "\x0f\xa6internal: The server failed; its log says why."},
		} {
			server, client := sockets(t)
			conn := newConn(server, nil, Config{}.withDefaults())
			ended := make(chan error, 1)
			calls := 0
			go func() { ended <- conn.Serve(func([]byte) error { calls++; return c.err }) }()
			if _, err := client.Write(join(mask(ws.OpText, true, "a"), mask(ws.OpText, true, "b"))); err != nil {
				t.Fatal(err)
			}
			if f := nextFrame(t, client); f.Header.OpCode != ws.OpClose || string(f.Payload) != c.want {
				t.Errorf("%v: closed with %q, want %q", c.err, f.Payload, c.want)
			}
			_ = client.Close()
			if err := await(t, "end of Serve", ended); !errors.Is(err, c.err) || calls != 1 {
				t.Errorf("Serve returned %v after %d calls, want %v after 1", err, calls, c.err)
			}
		}
	})

	t.Run("a panic of the handler closes the socket", func(t *testing.T) {
		server, client := sockets(t)
		conn := newConn(server, nil, Config{}.withDefaults())
		recovered := make(chan any, 1)
		go func() {
			defer func() { recovered <- recover() }()
			_ = conn.Serve(func([]byte) error { panic("boom") })
		}()
		if _, err := client.Write(mask(ws.OpText, true, "a")); err != nil {
			t.Fatal(err)
		}
		if got := await(t, "panic", recovered); got != "boom" {
			t.Errorf("recovered %v", got)
		}
		if got := frames(t, client); len(got) != 0 {
			t.Errorf("frames %v", got)
		}
	})

	t.Run("counters", func(t *testing.T) {
		server, client := sockets(t)
		s := serve(server, nil, Config{})
		sent := join(mask(ws.OpPong, true, "x"), mask(ws.OpPong, true, ""), mask(ws.OpText, true, "a"), mask(ws.OpText, false, "rest"))
		if _, err := client.Write(sent); err != nil {
			t.Fatal(err)
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		await(t, "end of Serve", s.ended)
		if s.BytesIn() != uint64(len(sent)) || s.Pongs() != 2 || s.BytesOut() != 0 {
			t.Errorf("in %d of %d, pongs %d, out %d", s.BytesIn(), len(sent), s.Pongs(), s.BytesOut())
		}
		if got, want := s.RemoteAddr().String(), client.LocalAddr().String(); got != want {
			t.Errorf("RemoteAddr %s, want %s", got, want)
		}
	})
}
