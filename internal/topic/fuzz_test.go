package topic

import (
	"slices"
	"testing"
	"time"
)

// Whatever is read as a row is written as one that reads the same, and can be
// gone on with.
func FuzzParseRow(f *testing.F) {
	f.Add(row{}.accept(1, 1, 1, start).append(nil))
	f.Add(row{}.accept(3, 2, 9, start).accept(4, 2, 12, start).append(nil))
	f.Add([]byte{1, 3, 1, 1, 5, 0, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRow(b)
		if err != nil {
			return
		}
		again, err := parseRow(r.append(nil))
		if err != nil || again.highest != r.highest || again.run != r.run || again.time != r.time || !slices.Equal(again.recent, r.recent) {
			t.Fatalf("%+v reads as %+v, %v", r, again, err)
		}
		if len(r.recent) > Remembered {
			t.Fatalf("%d offsets are remembered", len(r.recent))
		}
		r.forgotten(start)
		if r.highest < 1<<60 {
			next := r.accept(r.highest+1, r.run, 1<<60, start)
			if offset, ok := next.offset(next.highest); !ok || offset != 1<<60 {
				t.Fatalf("what was accepted is at %d, %v", offset, ok)
			}
		}
	})
}

func FuzzParseKeyRow(f *testing.F) {
	f.Add(keyRow{offset: 3, time: start.Unix(), body: [32]byte{1, 2}}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseKeyRow(b)
		if err != nil || len(b) == 0 {
			return
		}
		if !slices.Equal(k.append(nil), b) {
			t.Fatalf("%v reads as %+v", b, k)
		}
		k.forgotten(start.Add(time.Hour))
	})
}
