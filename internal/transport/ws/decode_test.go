package ws

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/gobwas/ws"
)

// A connection that rests must not keep what it was sent last, which stands in a
// buffer that others share.
func TestDecoder_keeps_nothing_of_what_it_took(t *testing.T) {
	d := decoder{maxMessage: 1 << 10, maxFragments: 1}
	p := bytes.Clone(mask(ws.OpText, true, strings.Repeat("a", 100)))
	held := weak.Make(&p[0])
	if n, k, _, err := d.next(p); n != len(p) || k != message || err != nil {
		t.Fatalf("next: %d, %v, %v", n, k, err)
	}
	runtime.GC()
	if held.Value() != nil {
		t.Error("what was decoded is still held")
	}
	runtime.KeepAlive(&d)
}
