package ws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// stall sends one frame that is too large for the kernel's buffers.
func stall(t *testing.T, s *served) (payload []byte, done chan error) {
	t.Helper()
	payload = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	done = make(chan error, 2)
	all, err := s.Send([][]byte{AppendTextHeader(nil, len(payload)), payload}, func(err error) { done <- err })
	if all || err != nil {
		t.Fatalf("Send of %d bytes to a full socket: %v, %v", len(payload), all, err)
	}
	return payload, done
}

// settled fails unless done was called exactly once.
func settled(t *testing.T, done chan error) error {
	t.Helper()
	err := await(t, "done", done)
	if len(done) > 0 {
		t.Error("done was called twice")
	}
	return err
}

func TestSend(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		server, client := sockets(t)
		s := serve(server, nil, Config{})
		var batch [][]byte
		for range 3000 { // more than one writev
			batch = append(batch, AppendText(nil, []byte("abc")))
		}
		batch = append(batch, AppendPing(nil, []byte("p")))
		if all, err := s.Send(batch, func(error) {}); !all || err != nil {
			t.Fatalf("Send: %v, %v", all, err)
		}
		for i := range batch {
			f := nextFrame(t, client)
			if got := ws.MustCompileFrame(f); !bytes.Equal(got, batch[i]) {
				t.Fatalf("frame %d is %q", i, got)
			}
		}
		if got := s.BytesOut(); got != uint64(total(batch)) {
			t.Errorf("BytesOut %d, want %d", got, total(batch))
		}
		if all, err := s.Send(nil, func(error) {}); !all || err != nil {
			t.Errorf("Send of nothing: %v, %v", all, err)
		}
		s.Close(1000, "")
		_ = client.Close()
		await(t, "end of Serve", s.ended)
	})

	t.Run("stalled, then read", func(t *testing.T) {
		server, client := cramped(t)
		s := serve(server, nil, Config{})
		payload, done := stall(t, s)
		if _, err := s.Send([][]byte{AppendText(nil, []byte("x"))}, func(error) {}); !errors.Is(err, ErrBusy) {
			t.Fatalf("second Send: %v", err)
		}
		// Of three pings meanwhile the latest is answered, after the frame.
		if _, err := client.Write(join(mask(ws.OpPing, true, "1"), mask(ws.OpPing, true, "2"), mask(ws.OpPing, true, "3"), mask(ws.OpText, true, "seen"))); err != nil {
			t.Fatal(err)
		}
		await(t, "message", s.messages)
		if f := nextFrame(t, client); !bytes.Equal(f.Payload, payload) {
			t.Fatalf("the frame arrived changed: %d bytes", len(f.Payload))
		}
		if f := nextFrame(t, client); answer(f) != "9 3" {
			t.Errorf("after it came %q", answer(f))
		}
		if err := settled(t, done); err != nil {
			t.Errorf("done(%v)", err)
		}
		again := make(chan error, 1)
		all, err := s.Send([][]byte{AppendText(nil, []byte("x"))}, func(err error) { again <- err })
		if err == nil && !all {
			err = await(t, "done", again)
		}
		if f := nextFrame(t, client); err != nil || string(f.Payload) != "x" {
			t.Errorf("Send after done: %v, %q", err, f.Payload)
		}
		_ = client.Close()
		await(t, "end of Serve", s.ended)
	})

	t.Run("stalled for WriteTimeout", func(t *testing.T) {
		server, _ := cramped(t)
		s := serve(server, nil, Config{WriteTimeout: 50 * time.Millisecond})
		_, done := stall(t, s)
		if err := settled(t, done); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("done(%v)", err)
		}
		if err := await(t, "end of Serve", s.ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("cause %v", err)
		}
		if _, err := s.Send(nil, func(error) {}); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Send afterwards: %v", err)
		}
	})

	t.Run("stalled, then reset", func(t *testing.T) {
		server, client := cramped(t)
		s := serve(server, nil, Config{})
		_, done := stall(t, s)
		if err := errors.Join(client.SetLinger(0), client.Close()); err != nil {
			t.Fatal(err)
		}
		if err := settled(t, done); err == nil {
			t.Error("done(nil) after a reset")
		}
		await(t, "end of Serve", s.ended)
	})

	t.Run("behind a stalled pong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, client := net.Pipe()
			s := serve(server, nil, Config{})
			if _, err := client.Write(mask(ws.OpPing, true, "1")); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			done := make(chan error, 2)
			if all, err := s.Send([][]byte{AppendText(nil, []byte("x"))}, func(err error) { done <- err }); all || err != nil {
				t.Fatalf("Send: %v, %v", all, err)
			}
			if _, err := s.Send(nil, func(error) {}); !errors.Is(err, ErrBusy) {
				t.Fatalf("second Send: %v", err)
			}
			if got := answer(nextFrame(t, client)); got != "9 1" {
				t.Errorf("first frame %q", got)
			}
			synctest.Wait()
			if len(done) > 0 {
				t.Error("done was called before the frame was read")
			}
			if got := answer(nextFrame(t, client)); got != "1 x" {
				t.Errorf("second frame %q", got)
			}
			if err := settled(t, done); err != nil {
				t.Errorf("done(%v)", err)
			}
			_ = client.Close()
			<-s.ended
		})
	})
}

func TestClose(t *testing.T) {
	t.Run("answered", func(t *testing.T) {
		server, client := sockets(t)
		s := serve(server, nil, Config{})
		s.Close(4003, "draining")
		if _, err := client.Write(join(mask(ws.OpText, true, "late"), mask(ws.OpPing, true, ""), closeFrame(4003, ""))); err != nil {
			t.Fatal(err)
		}
		got := frames(t, client)
		if len(got) != 1 || string(got[0].Payload) != "\x0f\xa3draining" {
			t.Errorf("frames %v", got)
		}
		var closed *CloseError
		if err := await(t, "end of Serve", s.ended); !errors.As(err, &closed) || *closed != (CloseError{Code: 4003, Reason: "draining"}) {
			t.Errorf("cause %v", err)
		}
		if m, ok := <-s.messages; ok {
			t.Errorf("message %q after Close", m)
		}
		if _, err := s.Send(nil, func(error) {}); !errors.As(err, &closed) {
			t.Errorf("Send afterwards: %v", err)
		}
	})

	t.Run("codes and reasons", func(t *testing.T) {
		for _, c := range []struct {
			code         int
			reason, want string
		}{
			{1000, "", "\x03\xe8"},
			{1005, "", "\x03\xf3"},
			{0, "x", "\x03\xf3x"},
			{70000, "", "\x03\xf3"},
			{1000, "a\xffb", "\x03\xe8a\uFFFDb"},
			{1000, strings.Repeat("x", 200), "\x03\xe8" + strings.Repeat("x", 123)},
			{1000, strings.Repeat("€", 100), "\x03\xe8" + strings.Repeat("€", 41)},
			{1000, "x" + strings.Repeat("€", 100), "\x03\xe8x" + strings.Repeat("€", 40)},
		} {
			server, client := sockets(t)
			s := serve(server, nil, Config{})
			s.Close(c.code, c.reason)
			if f := nextFrame(t, client); f.Header.OpCode != ws.OpClose || string(f.Payload) != c.want {
				t.Errorf("Close(%d, %q) sent %q, want %q", c.code, c.reason, f.Payload, c.want)
			}
			_ = client.Close()
			await(t, "end of Serve", s.ended)
		}
	})

	t.Run("not answered", func(t *testing.T) {
		server, client := sockets(t)
		s := serve(server, nil, Config{CloseTimeout: 50 * time.Millisecond})
		s.Close(1001, "")
		await(t, "end of Serve", s.ended)
		if got := answer(nextFrame(t, client)); got != "8 1001" {
			t.Errorf("frame %q", got)
		}
	})

	t.Run("during a stalled write, then read", func(t *testing.T) {
		server, client := cramped(t)
		s := serve(server, nil, Config{})
		payload, done := stall(t, s)
		s.Close(1001, "")
		got := frames(t, client)
		if len(got) != 2 || !bytes.Equal(got[0].Payload, payload) || answer(got[1]) != "8 1001" {
			t.Errorf("%d frames", len(got))
		}
		if err := settled(t, done); err != nil {
			t.Errorf("done(%v)", err)
		}
		_ = client.Close()
		await(t, "end of Serve", s.ended)
	})

	t.Run("by a peer that half-closes, during a stalled write", func(t *testing.T) {
		server, client := cramped(t)
		s := serve(server, nil, Config{})
		payload, done := stall(t, s)
		if _, err := client.Write(closeFrame(1000, "")); err != nil {
			t.Fatal(err)
		}
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got := frames(t, client)
		if len(got) != 2 || !bytes.Equal(got[0].Payload, payload) || answer(got[1]) != "8 1000" {
			t.Errorf("%d frames", len(got))
		}
		if err := settled(t, done); err != nil {
			t.Errorf("done(%v)", err)
		}
		await(t, "end of Serve", s.ended)
	})

	t.Run("during a stalled write, never read", func(t *testing.T) {
		server, _ := cramped(t)
		s := serve(server, nil, Config{CloseTimeout: 50 * time.Millisecond})
		_, done := stall(t, s)
		s.Close(1001, "")
		if err := settled(t, done); err == nil {
			t.Error("done(nil) of what was never read")
		}
		var closed *CloseError
		if err := await(t, "end of Serve", s.ended); !errors.As(err, &closed) {
			t.Errorf("cause %v", err)
		}
	})

	t.Run("by many at once", func(t *testing.T) {
		server, client := sockets(t)
		s := serve(server, nil, Config{})
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() { s.Close(4000+i, "") })
			all.Go(func() { _, _ = s.Send([][]byte{AppendText(nil, []byte("x"))}, func(error) {}) })
		}
		all.Wait()
		got := frames(t, client)
		for i, f := range got {
			if isLast := i == len(got)-1; isLast != (f.Header.OpCode == ws.OpClose) {
				t.Errorf("frame %d of %d has opcode %d", i, len(got), f.Header.OpCode)
			}
		}
		_ = client.Close()
		await(t, "end of Serve", s.ended)
	})

	t.Run("without Serve", func(t *testing.T) {
		server, client := sockets(t)
		c := newConn(server, nil, Config{CloseTimeout: 50 * time.Millisecond}.withDefaults())
		c.Close(1001, "")
		if got := answer(nextFrame(t, client)); got != "8 1001" {
			t.Errorf("frame %q", got)
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("read %v, want the end", err)
		}
		for c.conn.SetDeadline(time.Time{}) == nil { // until the timer has closed it
			if _, err := c.conn.Read(make([]byte, 1)); err == nil {
				t.Error("read something that nobody sent")
			}
		}
	})

	t.Run("takes CloseTimeout at most", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, client := net.Pipe()
			defer client.Close()
			s := serve(server, nil, Config{CloseTimeout: 3 * time.Second, WriteTimeout: time.Hour})
			start := time.Now()
			s.Close(1001, "")
			<-s.ended
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("a peer that does nothing held the connection for %v", took)
			}
		})
	})

	t.Run("WriteTimeout bounds a stalled pong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, client := net.Pipe()
			defer client.Close()
			s := serve(server, nil, Config{WriteTimeout: 3 * time.Second})
			start := time.Now()
			if _, err := client.Write(mask(ws.OpPing, true, "")); err != nil {
				t.Fatal(err)
			}
			if err := <-s.ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
	})
}
