package chaos

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
)

// chunkedLength is how many bytes a body in chunks has, as package http reads
// it, and whether it can.
func chunkedLength(data []byte) (int, bool) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	in := bytes.NewReader(append([]byte(head), data...))
	buffered := bufio.NewReader(in)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		return 0, false
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return 0, false
	}
	return len(data) - in.Len() - buffered.Buffered(), true
}

// What package http takes for a body ends at the same byte here, however it is
// cut to pieces.
func FuzzChunkFramer(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nnext", "5;a=b\r\nhello\r\n0\r\nEnd: 1\r\nX: 2\r\n\r\nGET /", "a \r\n0123456789\r\n00\r\n\r\n",
		"5\nhello\n0\n\n", "fffffffffffffff\r\nx", "g\r\n", "1\r\nab\r\n0\r\n\r\n",
	} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		want, valid := chunkedLength(data)
		got, ended := 0, false
		framer := &chunkFramer{}
		for !ended && got < len(data) {
			piece := data[got:min(len(data), got+1+int(size))]
			var n int
			n, ended = framer.take(piece)
			if n > len(piece) || (!ended && n != len(piece)) {
				t.Fatalf("%d of %d bytes are taken, end: %v", n, len(piece), ended)
			}
			got += n
		}
		if valid && (!ended || got != want) {
			t.Fatalf("%q ends after %d bytes (%v), and by package http after %d", data, got, ended, want)
		}
	})
}

// Heads of any kind are no trouble, and bytes are never invented.
func FuzzHead(f *testing.F) {
	f.Add([]byte("GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nrest"))
	f.Add([]byte("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		end := headEnd(data)
		if end == 0 {
			return
		}
		head := data[:end]
		if !bytes.HasSuffix(head, []byte("\n\n")) && !bytes.HasSuffix(head, []byte("\n\r\n")) {
			t.Fatalf("%q ends a head", head)
		}
		if req, ok := parseRequest(head); ok {
			if !looksHTTP(head) && !bytes.Contains(head, []byte("HTTP/")) {
				t.Fatalf("%q is a request", head)
			}
			_, _, _ = parseResponse(head, req.http)
		}
		r, _ := http.NewRequest(http.MethodGet, "http://x/", nil)
		_, _, _ = parseResponse(head, r)
	})
}
