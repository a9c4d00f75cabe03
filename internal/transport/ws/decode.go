package ws

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/tuttisync/tutti/protocol"
)

// kind says what a step of the decoder completed.
type kind uint8

const (
	nothing kind = iota
	message
	ping
	pong
	closed
)

// decoder turns the bytes of a client into messages and control frames. It is
// pure and keeps no more than the payload of the message under way.
type decoder struct {
	maxMessage   int
	maxFragments int
	deflate      bool // permessage-deflate was negotiated

	deflated  wsflate.MessageState // whether the message under way is compressed
	header    ws.Header            // of the data frame under way
	read      int                  // bytes of its payload taken so far
	inFrame   bool
	fragments int    // frames of the message under way; 0: there is none
	text      []byte // what was assembled of it

	reader  bytes.Reader
	scratch [ws.MaxHeaderSize]byte
}

// next takes bytes from the front of p and returns how many, what they
// completed, and the payload of that. It unmasks in place, so p is its own to
// change; the payload is valid until the next step. Having taken nothing it
// must be called again with the same bytes and more: fewer than 140 bytes are
// ever left so. After an error the decoder is spent.
func (d *decoder) next(p []byte) (n int, k kind, payload []byte, err error) {
	if d.inFrame {
		n, payload, err = d.assemble(p)
		return n, d.completed(), payload, err
	}
	h, size, err := d.readHeader(p)
	if size == 0 || err != nil {
		return 0, nothing, nil, err
	}
	if h.OpCode.IsControl() {
		return d.control(h, size, p)
	}
	if err := d.checkSize(h); err != nil {
		return 0, nothing, nil, err
	}
	d.fragments++
	length := int(h.Length)
	if h.Fin && d.fragments == 1 && len(p)-size >= length {
		d.fragments = 0
		payload = p[size : size+length]
		ws.Cipher(payload, h.Mask, 0)
		payload, err = d.open(payload)
		return size + length, message, payload, err
	}
	d.header, d.read, d.inFrame = h, 0, true
	n, payload, err = d.assemble(p[size:])
	return size + n, d.completed(), payload, err
}

// readHeader returns a header that may stand where it does, and its size; size
// 0 asks for more bytes.
func (d *decoder) readHeader(p []byte) (ws.Header, int, error) {
	d.reader.Reset(p)
	h, err := ws.ReadHeaderBuffer(&d.reader, d.scratch[:])
	size := len(p) - d.reader.Len()
	d.reader.Reset(nil) // or p would live until the next frame
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return h, 0, nil
	case err != nil:
		return h, 0, breach(ws.StatusProtocolError, err.Error())
	}
	if d.deflate {
		if h, err = d.deflated.UnsetBits(h); err != nil {
			return h, 0, breach(ws.StatusProtocolError, "only the first frame of a message tells that it is compressed")
		}
	}
	state := ws.StateServerSide
	if d.fragments > 0 {
		state = state.Set(ws.StateFragmented)
	}
	switch err := ws.CheckHeader(h, state); {
	case err != nil:
		return h, 0, breach(ws.StatusProtocolError, err.Error())
	case size != ws.HeaderSize(h):
		return h, 0, breach(ws.StatusProtocolError, "payload length is not in its shortest form")
	case h.OpCode == ws.OpBinary:
		return h, 0, breach(ws.StatusUnsupportedData, "messages are text")
	}
	return h, size, nil
}

func (d *decoder) checkSize(h ws.Header) error {
	switch {
	case h.Length > int64(d.maxMessage-len(d.text)):
		return tooBig(protocol.FrameBytesLimit, "message is too large")
	case d.fragments == d.maxFragments:
		return tooBig(protocol.FragmentsLimit, "message has too many fragments")
	}
	return nil
}

func (d *decoder) control(h ws.Header, size int, p []byte) (int, kind, []byte, error) {
	end := size + int(h.Length)
	if len(p) < end {
		return 0, nothing, nil, nil
	}
	payload := p[size:end]
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		return end, ping, payload, nil
	case ws.OpPong:
		return end, pong, payload, nil
	default:
		return end, closed, payload, checkClose(payload)
	}
}

// assemble takes what p holds of the data frame under way. Memory grows with
// what has arrived, at most twofold: a length that is only announced costs
// nothing.
func (d *decoder) assemble(p []byte) (n int, payload []byte, err error) {
	left := int(d.header.Length) - d.read
	p = p[:min(len(p), left)]
	if cap(d.text)-len(d.text) < len(p) {
		d.text = slices.Grow(d.text, min(left, len(p)+len(d.text)))
	}
	start := len(d.text)
	d.text = append(d.text, p...)
	ws.Cipher(d.text[start:], d.header.Mask, d.read)
	d.read += len(p)
	if len(p) < left {
		return len(p), nil, nil
	}
	d.inFrame = false
	if !d.header.Fin {
		return len(p), nil, nil
	}
	payload = d.text
	d.text, d.fragments = nil, 0
	payload, err = d.open(payload)
	return len(p), payload, err
}

// open returns the text of a whole message's payload.
func (d *decoder) open(payload []byte) ([]byte, error) {
	if d.deflated.IsCompressed() {
		var err error
		if payload, err = inflate(payload, d.maxMessage); err != nil {
			return nil, err
		}
	}
	return payload, checkText(payload)
}

// completed says what assemble did: a message is complete when none is under
// way.
func (d *decoder) completed() kind {
	if d.fragments == 0 {
		return message
	}
	return nothing
}

func checkText(payload []byte) error {
	if !utf8.Valid(payload) {
		return breach(ws.StatusInvalidFramePayloadData, "message is not UTF-8")
	}
	return nil
}

func checkClose(payload []byte) error {
	if len(payload) == 0 {
		return nil
	}
	if len(payload) == 1 {
		return breach(ws.StatusProtocolError, "close frame has half a code")
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if !utf8.ValidString(reason) {
		return breach(ws.StatusInvalidFramePayloadData, "close reason is not UTF-8")
	}
	if !validCode(int(code)) {
		return breach(ws.StatusProtocolError, "close code is not valid on the wire")
	}
	return nil
}

// validCode says whether a close frame may carry code (RFC 6455, section 7.4,
// and the codes 1012 to 1014 registered since).
func validCode(code int) bool {
	switch {
	case code >= 1000 && code <= 1014:
		return code != 1004 && code != 1005 && code != 1006
	default:
		return code >= 3000 && code <= 4999
	}
}
