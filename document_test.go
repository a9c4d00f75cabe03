package tutti_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/protocol"
)

// heard is a message of the server, with what these tests look at.
type heard struct {
	Type      string
	Topic     string
	Seq       uint64
	Offset    uint64
	Term      string
	Recovered bool
	Snapshot  bool
	Seqs      [][]any
	Cells     json.RawMessage
	Base      *uint64
	Data      json.RawMessage
	Error     *protocol.Error
}

// talker is a WebSocket that says and hears messages.
type talker struct {
	t    *testing.T
	conn *websocket.Conn
}

func dialDocument(t *testing.T, url string, mode websocket.CompressionMode) *talker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, url+"/v1/ws", &websocket.DialOptions{
		Subprotocols: []string{protocol.Version}, CompressionMode: mode,
	})
	must(t, err)
	conn.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &talker{t, conn}
}

func (k *talker) say(format string, args ...any) {
	k.t.Helper()
	must(k.t, k.conn.Write(k.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)))
}

// expect hears the next message, which must be of that type.
func (k *talker) expect(kind string) heard {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, frame, err := k.conn.Read(ctx)
		must(k.t, err)
		var m heard
		must(k.t, json.Unmarshal(frame, &m))
		if m.Type == "ping" {
			continue
		}
		if m.Type != kind {
			k.t.Fatalf("heard %s, want %s", frame, kind)
		}
		return m
	}
}

func helloSecret(t *testing.T) protocol.Secret {
	t.Helper()
	secret, err := protocol.NewSecret(strings.NewReader(fmt.Sprintf("%016d", time.Now().UnixNano()%1e16)), time.Now())
	must(t, err)
	return secret
}

// A counter is opened over a WebSocket, edited, and opened again after the
// server has started anew: its value and what was sent of it are there.
func TestDocument_DOC_9_opened_edited_and_reopened_after_a_restart(t *testing.T) {
	config := tutti.Config{Dev: true, Dir: t.TempDir(), Compression: true, Drain: -1, Logger: slog.New(slog.DiscardHandler)}
	secret := helloSecret(t)
	begin := func() (*tutti.Server, *httptest.Server) {
		srv, err := tutti.New(config)
		must(t, err)
		return srv, httptest.NewServer(srv)
	}
	end := func(srv *tutti.Server, web *httptest.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		must(t, srv.Close(ctx))
		web.Close()
	}
	srv, web := begin()
	k := dialDocument(t, web.URL, websocket.CompressionDisabled)
	k.say(`{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":"counter:likes","doc":"counter"}]}`, secret)
	k.expect("welcome")
	if m := k.expect("subscribed"); !m.Snapshot || !m.Recovered {
		t.Fatalf("%+v", m)
	}
	if m := k.expect("snapshot"); m.Offset != 0 || string(m.Cells) != "[]" || m.Seqs != nil {
		t.Fatalf("%+v", m)
	}
	for seq := 1; seq <= 3; seq++ {
		k.say(`{"type":"publish","topic":"counter:likes","seq":%d,"base":0,"data":{"op":"add","n":%d}}`, seq, seq)
		for range 2 {
			_, frame, err := k.conn.Read(t.Context())
			must(t, err)
			var m heard
			must(t, json.Unmarshal(frame, &m))
			if m.Type != "ack" && m.Type != "entry" || m.Offset != uint64(seq) || m.Type == "entry" && (m.Base == nil || *m.Base != 0) {
				t.Fatalf("heard %s", frame)
			}
		}
	}
	end(srv, web)

	srv, web = begin()
	defer end(srv, web)
	for name, mode := range map[string]websocket.CompressionMode{"plain": websocket.CompressionDisabled, "deflated": websocket.CompressionNoContextTakeover} {
		t.Run(name, func(t *testing.T) {
			k := dialDocument(t, web.URL, mode)
			k.say(`{"type":"hello","clients":[{"secret":%q,"run":%d}],"topics":[{"topic":"counter:likes","doc":"counter"}]}`, secret, time.Now().UnixMilli())
			k.expect("welcome")
			if m := k.expect("subscribed"); m.Offset != 3 || !m.Snapshot {
				t.Fatalf("%+v", m)
			}
			m := k.expect("snapshot")
			if m.Offset != 3 || m.Term == "" || string(m.Cells) != `[["",6]]` || len(m.Seqs) != 1 || m.Seqs[0][1] != 3.0 {
				t.Fatalf("%+v", m)
			}
			k.conn.CloseNow()
		})
	}
	value, at, err := srv.Document(t.Context(), "counter:likes")
	if err != nil || string(value) != "6" || at.Offset != 3 {
		t.Fatalf("%s at %v, %v", value, at, err)
	}
	if _, err := srv.Edit(t.Context(), "counter:likes", counter.Add{N: 4}); err != nil {
		t.Fatal(err)
	}
	value, _, err = srv.DocumentAt(t.Context(), "counter:likes", 2)
	if err != nil || string(value) != "3" {
		t.Fatalf("%s, %v", value, err)
	}
	var failed *tutti.Error
	if _, _, err = srv.DocumentAt(t.Context(), "counter:likes", 5); !errors.As(err, &failed) || failed.Code != protocol.NotFound {
		t.Fatal(err)
	}
	t.Run("sse", func(t *testing.T) {
		body := fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":%d}],"topics":[{"topic":"counter:likes","doc":"counter"}]}`, secret, time.Now().UnixMilli())
		r, err := http.Post(web.URL+"/v1/sse", "application/json", strings.NewReader(body))
		must(t, err)
		defer r.Body.Close()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var m heard
				must(t, json.Unmarshal([]byte(data), &m))
				if m.Type == "snapshot" {
					if m.Offset != 4 || string(m.Cells) != `[["",10]]` || len(m.Seqs) != 1 {
						t.Fatalf("%+v", m)
					}
					return
				}
			}
		}
		t.Fatal("no snapshot came")
	})
	t.Run("poll", func(t *testing.T) {
		for _, wait := range []string{"?wait=0", "?wait=20000"} {
			body := fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":%d}],"topics":[{"topic":"counter:likes","doc":"counter"}]}`, secret, time.Now().UnixMilli())
			r, err := http.Post(web.URL+"/v1/poll"+wait, "application/json", strings.NewReader(body))
			must(t, err)
			answer, err := io.ReadAll(r.Body)
			must(t, err)
			r.Body.Close()
			var all []heard
			must(t, json.Unmarshal(answer, &all))
			if m := all[len(all)-1]; m.Type != "snapshot" || string(m.Cells) != `[["",10]]` {
				t.Fatalf("%s: %s", wait, answer)
			}
		}
	})
}
