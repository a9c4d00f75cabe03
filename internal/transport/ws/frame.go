package ws

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

const (
	final = 0x80 // the FIN bit of a frame's first byte
	// maxReason is what a close frame's payload holds beside the code.
	maxReason = ws.MaxControlFramePayloadSize - 2
)

// AppendText appends payload, as one unmasked text frame, to dst. The payload
// must be UTF-8.
func AppendText(dst, payload []byte) []byte {
	return append(AppendTextHeader(dst, len(payload)), payload...)
}

// AppendTextHeader appends the header of an unmasked text frame of n bytes to
// dst: 2, 4 or 10 bytes.
func AppendTextHeader(dst []byte, n int) []byte {
	dst = append(dst, final|byte(ws.OpText))
	switch {
	case n <= 125:
		return append(dst, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
}

// AppendPing appends a ping frame to dst. Of payload, which the peer's pong
// repeats, at most 125 bytes are taken.
func AppendPing(dst, payload []byte) []byte {
	return appendControl(dst, ws.OpPing, payload)
}

func appendControl(dst []byte, op ws.OpCode, payload []byte) []byte {
	payload = payload[:min(len(payload), ws.MaxControlFramePayloadSize)]
	dst = append(dst, final|byte(op), byte(len(payload)))
	return append(dst, payload...)
}

// appendClose appends a close frame; code 1005 stands for none, with an empty
// payload.
func appendClose(dst []byte, code int, reason string) []byte {
	if code == int(ws.StatusNoStatusRcvd) {
		return appendControl(dst, ws.OpClose, nil)
	}
	payload := binary.BigEndian.AppendUint16(make([]byte, 0, ws.MaxControlFramePayloadSize), uint16(code))
	return appendControl(dst, ws.OpClose, append(payload, cropReason(reason)...))
}

// cropReason makes reason fit a close frame, as whole characters of UTF-8.
func cropReason(reason string) string {
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) <= maxReason {
		return reason
	}
	n := maxReason
	for !utf8.RuneStart(reason[n]) {
		n--
	}
	return reason[:n]
}
