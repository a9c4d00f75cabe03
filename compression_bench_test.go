package tutti_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/tuttitest"
)

// BenchmarkFanout publishes entries of about 2 KiB to 200 WebSockets, and waits
// for each entry until all have it. The readers, in the same process, parse the
// headers of frames and throw the rest away.
func BenchmarkFanout(b *testing.B) {
	for _, offer := range []string{"", "permessage-deflate"} {
		name := "deflated"
		if offer == "" {
			name = "plain"
		}
		b.Run(name, func(b *testing.B) { benchmarkFanout(b, offer) })
	}
}

func benchmarkFanout(b *testing.B, offer string) {
	const readers = 200
	srv := tuttitest.New(b, tutti.Config{Dev: true, Compression: true})
	got := make(chan int64, readers)
	for range readers {
		r := rawFollower(b, srv.URL, offer)
		go func() {
			for {
				n, err := skipFrame(r)
				if err != nil {
					return
				}
				got <- n
			}
		}()
	}
	rows := make([]string, 20)
	bytes := int64(0)
	for i := 0; b.Loop(); i++ {
		for k := range rows {
			rows[k] = fmt.Sprintf(`{"symbol":"ABC%d","price":%d.%02d,"volume":%d,"note":"last trade of the day"}`, k, i%997, (i*k)%100, i*7919+k*104729)
		}
		if _, err := srv.Server.Publish(context.Background(), "a", tutti.Message{Data: rows}); err != nil {
			b.Fatal(err)
		}
		for range readers {
			bytes += <-got
		}
	}
	b.ReportMetric(float64(bytes)/float64(b.N)/readers, "wire-B/entry")
}

// rawFollower subscribes to the topic a, and returns what comes after that.
func rawFollower(b *testing.B, url, offer string) *bufio.Reader {
	b.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	request := "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tutti.v1\r\nSec-WebSocket-Extensions: " + offer + "\r\n\r\n"
	frames := []byte(request)
	for _, m := range []string{`{"type":"hello"}`, `{"type":"subscribe","id":1,"topic":"a","from":"new"}`} {
		frames = append(frames, ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(m))))...)
	}
	if _, err := conn.Write(frames); err != nil {
		b.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if _, err := http.ReadResponse(r, nil); err != nil {
		b.Fatal(err)
	}
	for range 2 { // welcome, subscribed
		if _, err := skipFrame(r); err != nil {
			b.Fatal(err)
		}
	}
	return r
}

// skipFrame returns the size of one frame.
func skipFrame(r *bufio.Reader) (int64, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return 0, err
	}
	_, err = io.CopyN(io.Discard, r, h.Length)
	return int64(ws.HeaderSize(h)) + h.Length, err
}
