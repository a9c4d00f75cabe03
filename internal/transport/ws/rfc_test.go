package ws

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// exchange is what a client sends before it hangs up its sending half, and what
// must come of it.
type exchange struct {
	name     string
	bytes    []byte
	messages []string
	answers  []string // the server's frames: opcode and payload, or close code
	cause    string   // of Serve
}

const hungUp = "read: EOF"

func refused(code int, reason string) string {
	return fmt.Sprintf("broke the protocol: %d %s", code, reason)
}

func left(code int, reason string) string {
	return fmt.Sprintf("closed by the peer: %d %q", code, reason)
}

func exchanges() []exchange {
	text := func(s string) []byte { return mask(ws.OpText, true, s) }
	first := func(s string) []byte { return mask(ws.OpText, false, s) }
	more := func(s string) []byte { return mask(ws.OpContinuation, false, s) }
	last := func(s string) []byte { return mask(ws.OpContinuation, true, s) }
	long := strings.Repeat("é", 50_000)
	header := func(b ...byte) []byte { return append(b, 1, 2, 3, 4) } // with a mask

	all := []exchange{
		{"nothing", nil, nil, nil, hungUp},
		{"text", text("hello"), []string{"hello"}, nil, hungUp},
		{"empty text", text(""), []string{""}, nil, hungUp},
		{"length of 125", text(long[:124]), []string{long[:124]}, nil, hungUp},
		{"length of 126", text(long[:126]), []string{long[:126]}, nil, hungUp},
		{"length of 65535", text("x" + long[:65534]), []string{"x" + long[:65534]}, nil, hungUp},
		{"length of 65536", text(long[:65536]), []string{long[:65536]}, nil, hungUp},
		{"largest message", text(long), []string{long}, nil, hungUp},
		{"many messages at once", join(text("a"), text(long), text("b")), []string{"a", long, "b"}, nil, hungUp},

		{"fragments", join(first("a"), more("b"), last("c")), []string{"abc"}, nil, hungUp},
		{"empty fragments", join(first(""), more(""), last("")), []string{""}, nil, hungUp},
		{"most fragments", join(first("a"), more("b"), more("c"), last("d")), []string{"abcd"}, nil, hungUp},
		{"control between fragments", join(first("a"), mask(ws.OpPing, true, "p"), last("b"), text("c")), []string{"ab", "c"}, []string{"9 p"}, hungUp},
		{"pong between fragments", join(first("a"), mask(ws.OpPong, true, ""), last("b")), []string{"ab"}, nil, hungUp},
		{"close between fragments", join(first("a"), closeFrame(1000, "")), nil, []string{"8 1000"}, left(1000, "")},
		{"message after a fragmented one", join(first("a"), last("b"), text("c"), first("d"), last("e")), []string{"ab", "c", "de"}, nil, hungUp},
		{"character split over fragments", join(first("\xe2"), more("\x82"), last("\xac")), []string{"€"}, nil, hungUp},

		{"ping", mask(ws.OpPing, true, "p"), nil, []string{"9 p"}, hungUp},
		{"largest ping", mask(ws.OpPing, true, long[:124]), nil, []string{"9 " + long[:124]}, hungUp},
		{"ping is not text", mask(ws.OpPing, true, "\xff"), nil, []string{"9 \xff"}, hungUp},
		{"unasked pong", mask(ws.OpPong, true, "p"), nil, nil, hungUp},

		{"text cut off", text("hello")[:8], nil, nil, hungUp},
		{"header cut off", text("hello")[:3], nil, nil, hungUp},
		{"message cut off", first("a"), nil, nil, hungUp},

		{"close", closeFrame(1000, "bye"), nil, []string{"8 1000"}, left(1000, "bye")},
		{"close without code", mask(ws.OpClose, true, ""), nil, []string{"8 "}, left(1005, "")},
		{"largest close", closeFrame(1000, long[:122]), nil, []string{"8 1000"}, left(1000, long[:122])},
		{"close with half a code", mask(ws.OpClose, true, "\x03"), nil, []string{"8 1002"}, refused(1002, "close frame has half a code")},
		{"close reason is not UTF-8", closeFrame(1000, "\xff"), nil, []string{"8 1007"}, refused(1007, "close reason is not UTF-8")},

		{"not UTF-8", text("a\xffb"), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
		{"surrogate", text("\xed\xa0\x80"), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
		{"overlong form", text("\xc0\xaf"), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
		{"beyond Unicode", text("\xf4\x90\x80\x80"), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
		{"fragments are not UTF-8", join(first("\xe2\x82"), last("a")), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},
		{"character cut off", join(first("a"), last("\xe2\x82")), nil, []string{"8 1007"}, refused(1007, "message is not UTF-8")},

		{"binary", mask(ws.OpBinary, true, "a"), nil, []string{"8 1003"}, refused(1003, "messages are text")},
		{"not masked", ws.MustCompileFrame(ws.NewTextFrame([]byte("a"))), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolMaskRequired.Error())},
		{"control not masked", ws.CompiledPing, nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolMaskRequired.Error())},
		{"continuation of nothing", last("a"), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolContinuationUnexpected.Error())},
		{"continuation of a whole message", join(text("a"), last("b")), []string{"a"}, []string{"8 1002"}, refused(1002, ws.ErrProtocolContinuationUnexpected.Error())},
		{"text within fragments", join(first("a"), text("b")), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolContinuationExpected.Error())},
		{"binary within fragments", join(first("a"), mask(ws.OpBinary, true, "b")), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolContinuationExpected.Error())},
		{"fragmented ping", mask(ws.OpPing, false, "a"), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolControlNotFinal.Error())},
		{"oversize ping", mask(ws.OpPing, true, long[:126]), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolControlPayloadOverflow.Error())},
		{"oversize close", mask(ws.OpClose, true, "\x03\xe8"+long[:124]), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolControlPayloadOverflow.Error())},
		{"length of 5 in 2 bytes", append(header(0x81, 0x80|126, 0, 5), "hello"...), nil, []string{"8 1002"}, refused(1002, "payload length is not in its shortest form")},
		{"length of 5 in 8 bytes", append(header(0x81, 0x80|127, 0, 0, 0, 0, 0, 0, 0, 5), "hello"...), nil, []string{"8 1002"}, refused(1002, "payload length is not in its shortest form")},
		{"length with the highest bit", header(0x81, 0x80|127, 0x80, 0, 0, 0, 0, 0, 0, 0), nil, []string{"8 1002"}, refused(1002, ws.ErrHeaderLengthMSB.Error())},

		{"too large", text(long + "x"), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"too large, only announced", header(0x81, 0x80|127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"too large in fragments", join(first(long), last("x")), nil, []string{"8 1009"}, refused(1009, "message is too large")},
		{"too many fragments", join(first(""), more(""), more(""), more(""), last("")), nil, []string{"8 1009"}, refused(1009, "message has too many fragments")},
	}
	for bit := byte(0x10); bit <= 0x40; bit <<= 1 {
		f := text("a")
		f[0] |= bit
		all = append(all, exchange{fmt.Sprintf("reserved bit %#x", bit), f, nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolNonZeroRsv.Error())})
	}
	for _, op := range []ws.OpCode{3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf} {
		all = append(all, exchange{fmt.Sprintf("opcode %#x", op), mask(op, true, ""), nil, []string{"8 1002"}, refused(1002, ws.ErrProtocolOpCodeReserved.Error())})
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		all = append(all, exchange{fmt.Sprintf("close code %d", code), closeFrame(code, ""), nil, []string{fmt.Sprintf("8 %d", code)}, left(code, "")})
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		all = append(all, exchange{fmt.Sprintf("close code %d", code), closeFrame(code, ""), nil, []string{"8 1002"}, refused(1002, "close code is not valid on the wire")})
	}
	return all
}

// answer describes a frame of the server; a close only by its code.
func answer(f ws.Frame) string {
	switch {
	case f.Header.OpCode == ws.OpPong:
		return "9 " + string(f.Payload)
	case f.Header.OpCode == ws.OpClose && len(f.Payload) == 0:
		return "8 "
	case f.Header.OpCode == ws.OpClose:
		return fmt.Sprintf("8 %d", binary.BigEndian.Uint16(f.Payload))
	default:
		return fmt.Sprintf("%d %s", f.Header.OpCode, f.Payload)
	}
}

// TestRFC6455 sends each exchange whole, and byte by byte where it is short, to
// both kinds of socket.
func TestRFC6455(t *testing.T) {
	cfg := Config{MaxMessage: 100_000, MaxFragments: 4}
	for _, x := range exchanges() {
		t.Run(x.name, func(t *testing.T) {
			t.Run("raw", func(t *testing.T) {
				check(t, x, cfg, false, len(x.bytes))
			})
			t.Run("blocking", func(t *testing.T) {
				check(t, x, cfg, true, len(x.bytes))
			})
			if len(x.bytes) < 300 {
				t.Run("in single bytes", func(t *testing.T) {
					check(t, x, cfg, false, 1)
				})
			}
		})
	}
}

func check(t *testing.T, x exchange, cfg Config, block bool, step int) {
	server, client := sockets(t)
	var stub socket
	if block {
		stub = &blocking{conn: server}
	}
	s := serve(server, stub, cfg)
	go func() {
		for chunk := range slices.Chunk(x.bytes, max(step, 1)) {
			if _, err := client.Write(chunk); err != nil {
				return // what was refused need not be read to the end
			}
		}
		_ = client.CloseWrite()
	}()
	var answers []string
	for _, f := range frames(t, client) {
		answers = append(answers, answer(f))
	}
	cause := await(t, "end of Serve", s.ended)
	var messages []string
	for m := range s.messages {
		messages = append(messages, m)
	}
	if !slices.Equal(messages, x.messages) {
		t.Errorf("messages %.200q, want %.200q", messages, x.messages)
	}
	pong := func(a string) bool { return block && strings.HasPrefix(a, "9 ") } // may come too late
	if want := slices.DeleteFunc(slices.Clone(x.answers), pong); !slices.Equal(slices.DeleteFunc(answers, pong), want) {
		t.Errorf("answers %q, want %q", answers, want)
	}
	if cause == nil || cause.Error() != x.cause {
		t.Errorf("cause %v, want %v", cause, x.cause)
	}
}

// TestTextAfterClose sends both at once: what arrives when the answer is out
// already meets a closed socket, and a reset is all that it deserves.
func TestTextAfterClose(t *testing.T) {
	x := exchange{
		bytes:   join(closeFrame(1001, ""), mask(ws.OpText, true, "late")),
		answers: []string{"8 1001"},
		cause:   left(1001, ""),
	}
	check(t, x, Config{}, false, len(x.bytes))
	check(t, x, Config{}, true, len(x.bytes))
}

// TestReset is a client that vanishes instead of hanging up.
func TestReset(t *testing.T) {
	server, client := sockets(t)
	s := serve(server, nil, Config{})
	if err := errors.Join(client.SetLinger(0), client.Close()); err != nil {
		t.Fatal(err)
	}
	if err := await(t, "end of Serve", s.ended); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("cause %v, want a reset", err)
	}
}
