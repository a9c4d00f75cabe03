package ws

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// canned is a connection from which data can be read in chunks, and then no
// more; what is written is kept.
type canned struct {
	net.Conn
	data  []byte
	chunk int

	mu      sync.Mutex
	written bytes.Buffer
}

func (c *canned) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.chunk)], c.data)
	c.data = c.data[n:]
	return n, nil
}

func (c *canned) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written.Write(p)
}

func (c *canned) Close() error                     { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// outcome is what one reading of a client's bytes comes to.
type outcome struct {
	messages []string
	pings    []string
	code     int // of our close frame; 0: none
	other    int // a code that is as good; 0: none
}

// naive reads frame by frame with the library's own reader, all at once, in the
// order of the RFC's text.
func naive(data []byte, cfg Config) outcome {
	var o outcome
	var message []byte
	fragments, compressed := 0, false
	r := bytes.NewReader(data)
	for {
		before := r.Len()
		h, err := ws.ReadHeader(r)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return o
		}
		state := ws.StateServerSide
		if fragments > 0 {
			state |= ws.StateFragmented
		}
		if err == nil && cfg.Compression && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
			compressed = h.Rsv1()
			h.Rsv &^= rsv1
		}
		if err != nil || ws.CheckHeader(h, state) != nil || before-r.Len() != ws.HeaderSize(h) {
			o.code = 1002
			return o
		}
		if h.OpCode == ws.OpBinary {
			o.code = 1003
			return o
		}
		if h.OpCode.IsData() && (int64(len(message))+h.Length > int64(cfg.MaxMessage) || fragments+1 > cfg.MaxFragments) {
			o.code = 1009
			return o
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return o
		}
		for i := range payload {
			payload[i] ^= h.Mask[i%4]
		}
		switch h.OpCode {
		case ws.OpPing:
			o.pings = append(o.pings, string(payload))
		case ws.OpPong:
		case ws.OpClose:
			o.code = answerTo(payload)
			return o
		default:
			message = append(message, payload...)
			fragments++
			if !h.Fin {
				continue
			}
			if compressed {
				if message, o.code = inflated(message, cfg.MaxMessage); o.code != 0 {
					o.other = 1009
					return o
				}
			}
			if !utf8.Valid(message) {
				o.code = 1007
				return o
			}
			o.messages = append(o.messages, string(message))
			message, fragments = nil, 0
		}
	}
}

func answerTo(payload []byte) int {
	if len(payload) == 0 {
		return 1005
	}
	if len(payload) == 1 {
		return 1002
	}
	code := int(payload[0])<<8 | int(payload[1])
	if !utf8.Valid(payload[2:]) {
		return 1007
	}
	allowed := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
	if !slices.Contains(allowed, code) && (code < 3000 || code > 4999) {
		return 1002
	}
	return code
}

// compare serves data in chunks and fails unless what came of it is what the
// naive reading says.
func compare(t interface{ Fatalf(string, ...any) }, data []byte, chunk int, compression bool) {
	cfg := Config{MaxMessage: 300, MaxFragments: 5, Compression: compression}.withDefaults()
	conn := &canned{data: bytes.Clone(data), chunk: chunk}
	c := newConn(conn, nil, cfg)
	var messages []string
	if cause := c.Serve(func(m []byte) error {
		messages = append(messages, string(m))
		return nil
	}); cause == nil {
		t.Fatalf("Serve ended without a cause")
	}
	want := naive(data, cfg)
	if !slices.Equal(messages, want.messages) {
		t.Fatalf("messages %q, want %q", messages, want.messages)
	}
	pings, code := want.pings, 0
	for r := &conn.written; r.Len() > 0; {
		f, err := ws.ReadFrame(r)
		if err != nil || code != 0 {
			t.Fatalf("wrote a broken frame, or one after its close: %v", err)
		}
		switch got := answer(f); {
		case f.Header.OpCode == ws.OpPong:
			i := slices.Index(pings, string(f.Payload))
			if i < 0 {
				t.Fatalf("pong %q answers no ping, or a later one was answered before it", f.Payload)
			}
			pings = pings[i+1:]
		case got == "8 ":
			code = 1005
		case strings.HasPrefix(got, "8 "):
			code = int(f.Payload[0])<<8 | int(f.Payload[1])
		default:
			t.Fatalf("wrote %q", got)
		}
	}
	if code != want.code && (want.other == 0 || code != want.other) {
		t.Fatalf("closed with %d, want %d", code, want.code)
	}
}

func FuzzServe(f *testing.F) {
	for _, x := range exchanges() {
		if len(x.bytes) < 1000 {
			f.Add(x.bytes, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		compare(t, data, int(chunk)+1, false)
	})
}

// TestFragmentation cuts messages into fragments, mixes control frames in, and
// lets the bytes arrive in pieces.
func TestFragmentation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var data []byte
		for range rapid.IntRange(0, 6).Draw(t, "messages") {
			rest := rapid.StringN(0, 60, 200).Draw(t, "message")
			op := ws.OpText
			for range rapid.IntRange(0, 4).Draw(t, "cuts") {
				n := rapid.IntRange(0, len(rest)).Draw(t, "cut")
				data = append(data, mask(op, false, rest[:n])...)
				rest, op = rest[n:], ws.OpContinuation
				if rapid.Bool().Draw(t, "control") {
					control := rapid.SampledFrom([]ws.OpCode{ws.OpPing, ws.OpPong}).Draw(t, "opcode")
					data = append(data, mask(control, true, rapid.StringN(0, 10, 20).Draw(t, "payload"))...)
				}
			}
			data = append(data, mask(op, true, rest)...)
		}
		compare(t, data, rapid.IntRange(1, 400).Draw(t, "chunk"), false)
	})
}

// TestAppend compares the headers with the library's.
func TestAppend(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		payload := bytes.Repeat([]byte("x"), n)
		want := ws.MustCompileFrame(ws.NewTextFrame(payload))
		if got := AppendText([]byte("before"), payload); string(got) != "before"+string(want) {
			t.Errorf("AppendText of %d bytes is wrong", n)
		}
		if got := AppendTextHeader(nil, n); !bytes.Equal(got, want[:len(want)-n]) {
			t.Errorf("AppendTextHeader(%d) = %x", n, got)
		}
		want = ws.MustCompileFrame(ws.NewPingFrame(payload[:min(n, 125)]))
		if got := AppendPing(nil, payload); !bytes.Equal(got, want) {
			t.Errorf("AppendPing of %d bytes = %.20x", n, got)
		}
	}
}
