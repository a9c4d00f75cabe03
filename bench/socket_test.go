package main

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tuttisync/tutti/internal/load"
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
			s := &socket{conn: client, frames: load.NewFrames(bufio.NewReader(client)), dialect: centrifugeDialect}
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
	s := &socket{frames: load.NewFrames(bufio.NewReader(&wire))}
	if _, err := s.next(); err == nil || !strings.Contains(err.Error(), "3012 no pong") {
		t.Errorf("error %v", err)
	}
}
