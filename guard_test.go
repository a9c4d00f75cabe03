//go:build !race

package tutti_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/protocol"
)

var update = flag.Bool("update", false, "write testdata/guard.json anew")

const guardFile = "testdata/guard.json"

// guard is what the server may use. TestGuard fails when it uses more than a
// tenth more.
type guard struct {
	AllocsPerDelivery      float64 // fan-out to 200 connections, publishing counted in
	BytesPerIdleConnection float64 // heap and stacks, both ends of the socket counted in
}

func TestGuard(t *testing.T) {
	srv, err := tutti.New(tutti.Config{Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(srv)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Error(err)
		}
		front.Close()
	})
	addr := strings.TrimPrefix(front.URL, "http://")
	got := guard{
		BytesPerIdleConnection: idleBytes(t, addr, 1000),
		AllocsPerDelivery:      deliveryAllocs(t, srv, addr, 200, 200),
	}
	t.Logf("%+v", got)
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(guardFile, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(guardFile)
	if err != nil {
		t.Fatal(err)
	}
	var want guard
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if got.AllocsPerDelivery > 1.1*want.AllocsPerDelivery {
		t.Errorf("%.3f allocations for each delivery; %.3f were there before", got.AllocsPerDelivery, want.AllocsPerDelivery)
	}
	if got.BytesPerIdleConnection > 1.1*want.BytesPerIdleConnection {
		t.Errorf("%.0f bytes for each idle connection; %.0f were there before", got.BytesPerIdleConnection, want.BytesPerIdleConnection)
	}
}

// listen opens a WebSocket that is subscribed to topic.
func listen(t *testing.T, addr, topic string, number int) net.Conn {
	t.Helper()
	dialer := ws.Dialer{Protocols: []string{"tutti.v1"}, ReadBufferSize: 256, WriteBufferSize: 256}
	conn, early, _, err := dialer.Dial(t.Context(), "ws://"+addr+"/v1/ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if early != nil {
		ws.PutReader(early)
	}
	secret := fmt.Sprintf("%d.guard%027d", time.Now().Unix()/86400, number)
	hello := fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}],"topics":[{"topic":%q}]}`, secret, topic)
	if err := wsutil.WriteClientText(conn, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(conn, 1024)
	for range 2 { // welcome and subscribed
		h, err := ws.ReadHeader(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Discard(int(h.Length)); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func idleBytes(t *testing.T, addr string, n int) float64 {
	t.Helper()
	listen(t, addr, "bench:idle", 0)
	before := inUse()
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = listen(t, addr, "bench:idle", i+1)
	}
	bytes := float64(inUse()-before) / float64(n)
	for _, c := range conns {
		_ = c.Close()
	}
	return bytes
}

func inUse() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func deliveryAllocs(t *testing.T, srv *tutti.Server, addr string, subscribers, messages int) float64 {
	t.Helper()
	var bytes atomic.Int64
	arrived := make(chan struct{}, 1)
	for i := range subscribers {
		conn := listen(t, addr, "bench:room", 10_000+i)
		go func() {
			buf := make([]byte, 4096)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				bytes.Add(int64(n))
				select {
				case arrived <- struct{}{}:
				default:
				}
			}
		}()
	}
	data := json.RawMessage(fmt.Sprintf("%q", strings.Repeat("x", 100)))
	expected := int64(0)
	send := func() {
		at, err := srv.Publish(t.Context(), "bench:room", tutti.Message{Data: data})
		if err != nil {
			t.Fatal(err)
		}
		expected += int64(subscribers) * frameBytes(at, data)
		for bytes.Load() < expected {
			<-arrived
		}
	}
	for range 20 {
		send()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range messages {
		send()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(subscribers*messages)
}

// frameBytes is the length of the frame that tells the entry at a position.
func frameBytes(at tutti.Position, data []byte) int64 {
	entry := tutti.Entry{Offset: at.Offset, Term: at.Term, Time: time.Now().UnixMilli(), Data: data}
	message := protocol.AppendEntryMessage(nil, "bench:room", protocol.AppendEntry(nil, &entry))
	return int64(ws.HeaderSize(ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(len(message))}) + len(message))
}
