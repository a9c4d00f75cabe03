package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// TestNextAnswersPings: a ping among other messages of a frame is answered, and
// the frame is read nevertheless.
func TestNextAnswersPings(t *testing.T) {
	for name, frame := range map[string]ws.Frame{
		"a message":        ws.NewTextFrame([]byte(`{}`)),
		"the first of two": ws.NewTextFrame([]byte("{}\n{\"push\":1}")),
		"the last of two":  ws.NewTextFrame([]byte("{\"push\":{}}\n{}")),
	} {
		t.Run(name, func(t *testing.T) {
			client, server := net.Pipe()
			defer func() { _, _ = client.Close(), server.Close() }()
			s := &socket{conn: client, in: bufio.NewReader(client), dialect: centrifugeDialect}
			pong := make(chan string, 1)
			go func() {
				_ = ws.WriteFrame(server, frame)
				text, _ := wsutil.ReadClientText(server)
				pong <- string(text)
			}()
			got, err := s.next()
			if err != nil || !bytes.Equal(got, frame.Payload) {
				t.Errorf("next read %q, %v", got, err)
			}
			if text := <-pong; text != `{}` {
				t.Errorf("the ping was answered by %q", text)
			}
		})
	}
	s := &socket{dialect: centrifugeDialect}
	if s.asksForLife([]byte(`{"push":{"data":{}}}`)) {
		t.Error("an empty object within a message was taken for a ping")
	}
}

func TestNextToldOfClose(t *testing.T) {
	var wire bytes.Buffer
	if err := ws.WriteFrame(&wire, ws.NewCloseFrame(ws.NewCloseFrameBody(3012, "no pong"))); err != nil {
		t.Fatal(err)
	}
	s := &socket{in: bufio.NewReader(&wire)}
	if _, err := s.next(); err == nil || !strings.Contains(err.Error(), "3012 no pong") {
		t.Errorf("error %v", err)
	}
}

// FuzzFrame compares with the library's reader, on frames that a server may
// send: whole, plain and not too long.
func FuzzFrame(f *testing.F) {
	for _, n := range []int{0, 1, 125, 126, 200, 5000, 70000} {
		f.Add(ws.MustCompileFrame(ws.NewTextFrame(bytes.Repeat([]byte("x"), n))))
	}
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x80, 0x80})
	f.Add([]byte{0x01, 0x01, 'x'})
	f.Add([]byte{0xc1, 0x01, 'x'})
	f.Fuzz(func(t *testing.T, wire []byte) {
		s := &socket{in: bufio.NewReaderSize(bytes.NewReader(wire), 256)}
		twin := bytes.NewReader(wire)
		for {
			op, payload, err := s.frame()
			h, headerErr := ws.ReadHeader(twin)
			if headerErr != nil || h.Masked || !h.Fin || h.Rsv != 0 || h.Length > min(maxLine, int64(twin.Len())) {
				if err == nil {
					t.Fatalf("frame %v of %d bytes, which is none", op, len(payload))
				}
				return
			}
			want := make([]byte, h.Length)
			if _, err := io.ReadFull(twin, want); err != nil {
				t.Fatal(err)
			}
			if err != nil || op != h.OpCode || !bytes.Equal(payload, want) {
				t.Fatalf("frame %v of %d bytes, %v; want %v of %d", op, len(payload), err, h.OpCode, len(want))
			}
		}
	})
}
