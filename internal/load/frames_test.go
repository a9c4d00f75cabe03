package load

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/gobwas/ws"
)

// FuzzFrames compares with the library's reader, on frames that a server may
// send: whole, plain and not too long.
func FuzzFrames(f *testing.F) {
	for _, n := range []int{0, 1, 125, 126, 200, 5000, 70000} {
		f.Add(ws.MustCompileFrame(ws.NewTextFrame(bytes.Repeat([]byte("x"), n))))
	}
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x80, 0x80})
	f.Add([]byte{0x01, 0x01, 'x'})
	f.Add([]byte{0xc1, 0x01, 'x'})
	f.Fuzz(func(t *testing.T, wire []byte) {
		frames := NewFrames(bufio.NewReaderSize(bytes.NewReader(wire), 256))
		twin := bytes.NewReader(wire)
		for {
			op, payload, err := frames.Next()
			h, headerErr := ws.ReadHeader(twin)
			if headerErr != nil || h.Masked || !h.Fin || h.Rsv != 0 || h.Length > min(MaxFrame, int64(twin.Len())) {
				if err == nil {
					t.Fatalf("frame %v of %d bytes, which is none", op, len(payload))
				}
				return
			}
			want := make([]byte, h.Length)
			if _, err := io.ReadFull(twin, want); err != nil {
				t.Fatal(err)
			}
			if err != nil || op != h.OpCode || !bytes.Equal(payload, want) {
				t.Fatalf("frame %v of %d bytes, %v; want %v of %d", op, len(payload), err, h.OpCode, len(want))
			}
		}
	})
}
