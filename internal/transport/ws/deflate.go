package ws

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/klauspost/compress/flate"

	"github.com/tuttisync/tutti/protocol"
)

// Messages are compressed each by itself (RFC 7692 with no context takeover,
// either way). So one compressed frame serves every connection, and none holds
// a window of 32 KiB between its messages: what compresses and inflates is
// pooled.

const (
	deflateBit = 0x40 // RSV1 of a frame's first byte
	// deflateFrom is the payload size, in bytes, from which on compressing is
	// worth its time.
	deflateFrom = 512
	// deflateLevel is fast; higher ones win a few parts in a hundred on JSON.
	deflateLevel = flate.BestSpeed
	// maxPooled is the largest buffer, in bytes, that a pool keeps.
	maxPooled = 64 << 10
)

// offersDeflate says whether one of the offers in the client's
// Sec-WebSocket-Extensions can be taken. Offers that cannot be, or that are no
// valid ones, are declined, as the RFC wants.
func offersDeflate(values []string) (bool, error) {
	header := strings.TrimSpace(strings.Join(values, ","))
	offers, ok := httphead.ParseOptions([]byte(header), nil)
	if !ok && header != "" {
		return false, protocol.Errorf(protocol.BadMessage, "Sec-WebSocket-Extensions is not a list of extensions.")
	}
	negotiation := wsflate.Extension{Parameters: wsflate.DefaultParameters}
	for _, offer := range offers {
		if _, err := negotiation.Negotiate(offer); err != nil {
			continue
		}
		if _, ok := negotiation.Accepted(); ok {
			return true, nil
		}
	}
	return false, nil
}

// deflateAnswer is the extension as the 101 answer names it.
func deflateAnswer() string {
	var b bytes.Buffer
	if _, err := httphead.WriteOptions(&b, []httphead.Option{wsflate.DefaultParameters.Option()}); err != nil {
		panic("ws: " + err.Error())
	}
	return b.String()
}

// AppendDeflated appends payload, as one unmasked text frame, to dst: compressed
// if it is of some size and becomes smaller, else as AppendText does. The frame
// is for connections that are [Conn.Deflated]. The payload must be UTF-8.
func AppendDeflated(dst, payload []byte) []byte {
	if len(payload) < deflateFrom {
		return AppendText(dst, payload)
	}
	d := deflaters.Get().(*deflater)
	defer d.release()
	if small := d.deflate(payload); len(small) < len(payload) {
		start := len(dst)
		dst = append(AppendTextHeader(dst, len(small)), small...)
		dst[start] |= deflateBit
		return dst
	}
	return AppendText(dst, payload)
}

type deflater struct {
	out bytes.Buffer
	w   *wsflate.Writer
}

var deflaters = sync.Pool{New: func() any {
	d := new(deflater)
	d.w = wsflate.NewWriter(&d.out, func(w io.Writer) wsflate.Compressor {
		f, err := flate.NewWriter(w, deflateLevel)
		if err != nil {
			panic("ws: " + err.Error())
		}
		return f
	})
	return d
}}

// deflate returns payload compressed, valid until release.
func (d *deflater) deflate(payload []byte) []byte {
	d.out.Reset()
	d.w.Reset(&d.out)
	_, err := d.w.Write(payload)
	if err := errors.Join(err, d.w.Flush()); err != nil {
		panic("ws: compress into memory: " + err.Error())
	}
	return d.out.Bytes()
}

func (d *deflater) release() {
	if d.out.Cap() <= maxPooled {
		deflaters.Put(d)
	}
}

type inflater struct {
	src bytes.Reader
	r   *wsflate.Reader
}

// unbuffered hides that its reader has a ReadByte: wsflate's own, on top of it,
// would give a byte of zero more where the message ends and its tail begins.
type unbuffered struct{ io.Reader }

// resettable makes the reader one that wsflate uses again.
type resettable struct{ io.Reader }

func (r resettable) Reset(src io.Reader) {
	if err := r.Reader.(flate.Resetter).Reset(src, nil); err != nil {
		panic("ws: " + err.Error())
	}
}

var inflaters = sync.Pool{New: func() any {
	i := new(inflater)
	i.r = wsflate.NewReader(unbuffered{&i.src}, func(r io.Reader) wsflate.Decompressor { return resettable{flate.NewReader(r)} })
	return i
}}

// inflate returns what p was compressed from, if that is no longer than limit,
// else the breach. It holds at most one byte more than limit, and as much again
// while the buffer grows.
func inflate(p []byte, limit int) ([]byte, error) {
	i := inflaters.Get().(*inflater)
	defer func() {
		i.src.Reset(nil)
		inflaters.Put(i)
	}()
	i.src.Reset(p)
	i.r.Reset(unbuffered{&i.src})
	out := make([]byte, 0, min(max(4*len(p), deflateFrom), limit+1))
	for {
		n, err := i.r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return nil, tooBig(protocol.FrameBytesLimit, "message is too large")
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, breach(ws.StatusInvalidFramePayloadData, "message cannot be inflated")
		case len(out) == cap(out):
			out = append(make([]byte, 0, min(2*len(out), limit+1)), out...)
		}
	}
}
