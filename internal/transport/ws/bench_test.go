package ws

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

const handshake = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tutti.v1\r\n\r\n"

// drained is a Conn whose peer reads all and keeps nothing.
func drained(t testing.TB) *served {
	server, client := sockets(t)
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(struct{ io.Writer }{io.Discard}, client)
	}()
	s := serve(server, nil, Config{})
	t.Cleanup(func() {
		_ = client.Close()
		<-read
		await(t, "end of Serve", s.ended)
	})
	return s
}

// send sends frames and waits until they are out.
func send(t testing.TB, s *served, frames [][]byte, done func(error), wait chan error) {
	all, err := s.Send(frames, done)
	if err == nil && !all {
		err = <-wait
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSendAllocatesNothing(t *testing.T) {
	s := drained(t)
	wait := make(chan error, 1)
	done := func(err error) { wait <- err }
	for _, n := range []int{1, 8} {
		var batch [][]byte
		for range n {
			batch = append(batch, AppendText(nil, bytes.Repeat([]byte("x"), 200)))
		}
		if got := testing.AllocsPerRun(500, func() { send(t, s, batch, done, wait) }); got > 0 && !raceEnabled {
			t.Errorf("Send of %d frames makes %v allocations", n, got)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, n := range []int{1, 8, 64} {
		b.Run(strconv.Itoa(n)+"_frames", func(b *testing.B) {
			s := drained(b)
			wait := make(chan error, 1)
			done := func(err error) { wait <- err }
			var batch [][]byte
			for range n {
				batch = append(batch, AppendText(nil, bytes.Repeat([]byte("x"), 200)))
			}
			b.ReportAllocs()
			for b.Loop() {
				send(b, s, batch, done, wait)
			}
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	server, client := sockets(b)
	conn := newConn(server, nil, Config{}.withDefaults())
	handled, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- conn.Serve(func([]byte) error {
			handled <- struct{}{}
			return nil
		})
	}()
	frame := mask(1, true, strings.Repeat("x", 200))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Write(frame); err != nil {
			b.Fatal(err)
		}
		<-handled
	}
	b.StopTimer()
	_ = client.Close()
	<-ended
}

// BenchmarkIdle measures what a connection costs that has echoed one message
// and is idle: heap and stacks of both ends (the client's is a net.Conn), and
// resident memory of the process. It makes one pass, whatever -benchtime says.
func BenchmarkIdle(b *testing.B) {
	hello := string(entryLike(1000))
	b.Run("plain", func(b *testing.B) { benchmarkIdle(b, Config{}, mask(ws.OpText, true, hello)) })
	b.Run("deflated", func(b *testing.B) {
		benchmarkIdle(b, Config{Compression: true}, maskDeflated(ws.OpText, true, deflated(b, 6, hello)))
	})
}

func benchmarkIdle(b *testing.B, cfg Config, message []byte) {
	const conns = 5000
	request := []byte(strings.TrimSuffix(handshake, "\r\n") + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
	e := &echo{conns: make(chan *Conn, conns), ended: make(chan error, conns)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := Upgrade(w, r, cfg)
		if err != nil {
			b.Error(err)
			return
		}
		e.conns <- conn
		go func() { e.ended <- conn.Serve(echoTo(conn)) }()
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	defer func() {
		_ = server.Close()
		<-served
	}()

	clients := make([]net.Conn, conns)
	r := bufio.NewReader(nil)
	before, rss := memory(b)
	for i := range clients {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		clients[i] = c
		if _, err := c.Write(append(request, message...)); err != nil {
			b.Fatal(err)
		}
		r.Reset(c)
		if _, err := http.ReadResponse(r, nil); err != nil {
			b.Fatal(err)
		}
		if f := nextFrame(b, r); f.Header.Rsv1() != cfg.Compression {
			b.Fatalf("echo %+v", f.Header)
		}
	}
	after, rssAfter := memory(b)
	b.ReportMetric(float64(after-before)/conns, "heap+stack-B/conn")
	b.ReportMetric(float64(rssAfter-rss)/conns, "rss-B/conn")
	for _, c := range clients {
		_ = c.Close()
		<-e.ended
		<-e.conns
	}
}

// memory returns the bytes of heap and stacks in use, and resident, after the
// garbage is gone.
func memory(b *testing.B) (inUse, resident int64) {
	for range 4 { // stacks shrink by half with each collection
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("resident memory cannot be told here")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return int64(m.HeapInuse + m.StackInuse), pages * int64(os.Getpagesize())
}
