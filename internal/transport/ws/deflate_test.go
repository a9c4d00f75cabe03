package ws

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// rsv1 is the bit in a header's Rsv that tells a compressed message.
const rsv1 = 4

// deflated compresses with the standard library, as RFC 7692, section 7.2.1,
// wants it.
func deflated(t interface{ Fatalf(string, ...any) }, level int, text string) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatalf("compress: %v", err)
	}
	return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
}

// inflated is the naive reading of a compressed message, one byte beyond the
// limit at most, with the standard library. It returns a close code if it fails: 1007
// where 1009 would be as good, since how much text comes before the fault is up
// to the inflater.
func inflated(message []byte, limit int) ([]byte, int) {
	r := flate.NewReader(io.MultiReader(bytes.NewReader(message), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	all, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case len(all) > limit:
		return nil, 1009
	case err != nil:
		return nil, 1007
	}
	return all, 0
}

// maskDeflated returns the bytes of a client's frame that begins a compressed
// message.
func maskDeflated(op ws.OpCode, fin bool, payload string) []byte {
	f := mask(op, fin, payload)
	f[0] |= deflateBit
	return f
}

func deflateExchanges(t testing.TB) []exchange {
	hello := deflated(t, 6, "hello")
	long := strings.Repeat("0123456789", 10_000) // MaxMessage
	bomb := deflated(t, 9, strings.Repeat("\x00", 1<<20))
	badBit := refused(1002, "only the first frame of a message tells that it is compressed")
	inflates := refused(1007, "message cannot be inflated")
	text := func(s string) []byte { return maskDeflated(ws.OpText, true, s) }
	more := func(fin bool, s string) []byte { return mask(ws.OpContinuation, fin, s) }
	return []exchange{
		{"compressed", text(hello), []string{"hello"}, nil, hungUp},
		{"RFC 7692 7.2.3.1", text("\xf2\x48\xcd\xc9\xc9\x07\x00"), []string{"Hello"}, nil, hungUp},
		{"RFC 7692 7.2.3.3 no compression", text("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), []string{"Hello"}, nil, hungUp},
		{"RFC 7692 7.2.3.4 final block", text("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []string{"Hello"}, nil, hungUp},
		{"RFC 7692 7.2.3.5 two blocks", text("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), []string{"Hello"}, nil, hungUp},
		{"RFC 7692 7.2.3.6 empty", text("\x00"), []string{""}, nil, hungUp},
		{"plain beside compressed", join(mask(ws.OpText, true, "a"), text(hello), mask(ws.OpText, true, "b")), []string{"a", "hello", "b"}, nil, hungUp},
		{"each by itself", join(text(hello), text(hello)), []string{"hello", "hello"}, nil, hungUp},
		{"fragments", join(maskDeflated(ws.OpText, false, hello[:2]), more(false, hello[2:4]), more(true, hello[4:])), []string{"hello"}, nil, hungUp},
		{"ping between fragments", join(maskDeflated(ws.OpText, false, hello[:2]), mask(ws.OpPing, true, "p"), more(true, hello[2:])), []string{"hello"}, []string{"9 p"}, hungUp},
		{"plain fragments after compressed ones", join(maskDeflated(ws.OpText, false, hello), more(true, ""), mask(ws.OpText, false, "a"), more(true, "b")), []string{"hello", "ab"}, nil, hungUp},
		{"longest", text(deflated(t, 6, long)), []string{long}, nil, hungUp},

		{"bit on a continuation", join(maskDeflated(ws.OpText, false, hello[:2]), maskDeflated(ws.OpContinuation, true, hello[2:])), nil, []string{"8 1002"}, badBit},
		{"bit on a continuation of plain text", join(mask(ws.OpText, false, "a"), maskDeflated(ws.OpContinuation, true, hello)), nil, []string{"8 1002"}, badBit},
		{"bit on a ping", maskDeflated(ws.OpPing, true, ""), nil, []string{"8 1002"}, badBit},
		{"bit on a close", maskDeflated(ws.OpClose, true, ""), nil, []string{"8 1002"}, badBit},
		{"compressed binary", maskDeflated(ws.OpBinary, true, hello), nil, []string{"8 1003"}, refused(1003, "messages are text")},

		{"longer than the longest", text(deflated(t, 6, long+"x")), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"bomb", text(bomb), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"bomb in fragments", join(maskDeflated(ws.OpText, false, bomb[:100]), more(true, bomb[100:])), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"not compressed at all", text("hello"), nil, []string{"8 1007"}, inflates},
		{"nothing", text(""), nil, []string{"8 1007"}, inflates},
		{"cut off", text(deflated(t, 6, long)[:50]), nil, []string{"8 1007"}, inflates},
		{"distance beyond the start", text("\x02\x01\x00"), nil, []string{"8 1007"}, inflates},
		{"not UTF-8 when inflated", text(deflated(t, 6, "a\xff")), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
	}
}

func TestRFC7692(t *testing.T) {
	cfg := Config{MaxMessage: 100_000, MaxFragments: 4, Compression: true}
	all := deflateExchanges(t)
	for _, x := range exchanges() {
		if x.name != "reserved bit 0x40" { // that stands for compression now
			all = append(all, x)
		}
	}
	for _, x := range all {
		t.Run("FRAME-4/"+x.name, func(t *testing.T) {
			check(t, x, cfg, false, len(x.bytes))
			if len(x.bytes) < 300 {
				check(t, x, cfg, true, 1)
			}
		})
	}
}

func TestUpgrade_compression(t *testing.T) {
	const answer = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"
	for offer, want := range map[string]string{
		"":                   "",
		"permessage-deflate": answer,
		"permessage-deflate; client_max_window_bits":                                 answer, // Chrome, Firefox
		"permessage-deflate; client_max_window_bits=10":                              answer,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover": answer,
		"x-webkit-deflate-frame, permessage-deflate":                                 answer,
		"permessage-deflate; server_max_window_bits=10":                              "",
		"permessage-deflate; server_max_window_bits=10, permessage-deflate":          answer,
		"permessage-deflate; mystery, permessage-deflate":                            answer,
		"permessage-deflate; client_max_window_bits=99":                              "",
		"permessage-deflate; server_no_context_takeover=1":                           "",
		"x-other": "",
	} {
		e := newEcho(t, Config{Compression: true}, false)
		client := dial(t, e, strings.TrimSuffix(handshake, "\r\n")+"Sec-WebSocket-Extensions: "+offer+"\r\n\r\n")
		answer := readAnswer(t, client)
		got := strings.ReplaceAll(answer.Header.Get("Sec-Websocket-Extensions"), " ", "")
		if conn := await(t, "connection", e.conns); answer.StatusCode != 101 || got != want || conn.Deflated() != (want != "") {
			t.Errorf("%q is answered %d %q", offer, answer.StatusCode, got)
		}
		_ = client.Close()
		await(t, "end of Serve", e.ended)
	}

	e := newEcho(t, Config{Compression: true}, false)
	client := dial(t, e, strings.TrimSuffix(handshake, "\r\n")+"Sec-WebSocket-Extensions: a;;=b\r\n\r\n")
	if answer := readAnswer(t, client); answer.StatusCode != 400 {
		t.Errorf("a header that is no list is answered %d", answer.StatusCode)
	}
}

func TestAppendDeflated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(1, 40, -1).Draw(t, "word")
		payload := []byte(strings.Repeat(word, rapid.IntRange(0, 400).Draw(t, "times")))
		got := AppendDeflated([]byte("before"), payload)
		if !bytes.HasPrefix(got, []byte("before")) {
			t.Fatalf("what was there has changed")
		}
		f, err := ws.ReadFrame(bytes.NewReader(got[6:]))
		if err != nil || !f.Header.Fin || f.Header.OpCode != ws.OpText || f.Header.Masked {
			t.Fatalf("frame %+v, %v", f.Header, err)
		}
		if len(payload) < deflateFrom || len(f.Payload) == len(payload) {
			if f.Header.Rsv != 0 || !bytes.Equal(f.Payload, payload) {
				t.Fatalf("a plain frame with rsv %d", f.Header.Rsv)
			}
			return
		}
		if f.Header.Rsv != rsv1 || len(f.Payload) > len(payload) {
			t.Fatalf("a compressed frame with rsv %d, %d bytes for %d", f.Header.Rsv, len(f.Payload), len(payload))
		}
		if text, code := inflated(f.Payload, len(payload)); code != 0 || !bytes.Equal(text, payload) {
			t.Fatalf("it inflates to %d bytes of %d, code %d", len(text), len(payload), code)
		}
	})
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(rand.Uint32N(256))
	}
	if got := AppendDeflated(nil, random); !bytes.Equal(got, AppendText(nil, random)) {
		t.Error("what does not become smaller is not sent as it is")
	}
}

// A small message that stands for a huge one costs no more than the limit.
func TestInflate_a_bomb_costs_no_more_than_the_limit(t *testing.T) {
	const limit = 100_000
	bomb := []byte(deflated(t, 9, strings.Repeat("\x00", 64<<20)))
	_, err := inflate(bomb, limit) // the pool has its inflater
	for range 20 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = inflate(bomb, limit)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 4*limit {
			t.Errorf("%d bytes were allocated for a message of at most %d", got, limit)
		}
	}
	var own *ProtocolError
	if !errors.As(err, &own) || own.Code != 1009 {
		t.Errorf("error %v", err)
	}
}

func FuzzServeDeflated(f *testing.F) {
	for _, x := range append(deflateExchanges(f), exchanges()...) {
		if len(x.bytes) < 1000 {
			f.Add(x.bytes, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		compare(t, data, int(chunk)+1, true)
	})
}

func FuzzInflate(f *testing.F) {
	for _, x := range []string{"", "a", "hello hello hello", strings.Repeat("€", 300)} {
		for level := flate.HuffmanOnly; level <= 9; level++ {
			f.Add([]byte(deflated(f, level, x)), uint16(len(x)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		got, err := inflate(bytes.Clone(data), int(limit))
		want, code := inflated(data, int(limit))
		if code == 0 && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
		var own *ProtocolError
		if code != 0 && (!errors.As(err, &own) || own.Code != code && (code != 1007 || own.Code != 1009)) {
			t.Fatalf("got %v, want %d", err, code)
		}
	})
}

func BenchmarkAppendDeflated(b *testing.B) {
	for _, n := range []int{512, 2 << 10, 16 << 10, 64 << 10} {
		payload := entryLike(n)
		for name, appendTo := range map[string]func(dst, payload []byte) []byte{"plain": AppendText, "deflated": AppendDeflated} {
			b.Run(fmt.Sprintf("%d_bytes/%s", n, name), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				var dst []byte
				for b.Loop() {
					dst = appendTo(dst[:0], payload)
				}
				b.ReportMetric(float64(len(dst))/float64(n), "out/in")
			})
		}
	}
}

// entryLike is JSON of n bytes such as entries have: names that come again,
// values that do not.
func entryLike(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, `{"symbol":"ABC%d","price":%.2f,"change":%.3f,"volume":%d,"note":"last trade of the day"},`, r.IntN(50), r.Float64()*1000, r.Float64()-0.5, r.IntN(1e6))
	}
	return b[:n]
}
