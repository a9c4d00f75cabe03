package hub

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// ringTwin holds every frame ever appended, and knows how many of the newest
// ones the ring has left.
type ringTwin struct {
	frames map[uint64][]byte
	next   uint64
}

// A ring under any appends, holes, trims and reads: what it says that it holds
// it gives back whole, in order, within the bound, and what was read stays as
// it was.
func TestRing_is_its_twin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &ring{next: 1}
		twin := ringTwin{frames: make(map[uint64][]byte), next: 1}
		type reading struct {
			slices [][]byte
			want   []byte
		}
		var readings []reading
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "append", "hole", "trim", "read", "read"}).Draw(t, "step") {
			case "hole":
				twin.next += rapid.Uint64Range(1, 5).Draw(t, "hole")
				fallthrough
			case "append":
				n := rapid.SampledFrom([]int{1, 10, 100, minChunk, 5000, maxChunk, maxChunk + 1, 70_000}).Draw(t, "bytes")
				frame := bytes.Repeat([]byte{byte(twin.next)}, n)
				held := r.first()
				if r.next != twin.next {
					held = twin.next
				}
				r.append(twin.next, frame)
				twin.frames[twin.next] = bytes.Clone(frame)
				clear(frame)
				twin.next++
				if r.first() != held {
					t.Fatalf("after an append the ring begins at %d, want %d", r.first(), held)
				}
			case "trim":
				most := rapid.IntRange(0, 3*maxChunk).Draw(t, "most")
				before := r.bytes
				if freed := r.trim(most); freed != before-r.bytes || r.bytes > most {
					t.Fatalf("trimmed to %d: %d bytes of %d are left, %d freed", most, r.bytes, before, freed)
				}
			case "read":
				if !r.holds(r.first()) {
					continue
				}
				from := rapid.Uint64Range(r.first(), r.next-1).Draw(t, "from")
				most := rapid.SampledFrom([]int{1, 100, 1000, 10_000, 200_000}).Draw(t, "most")
				slices, next, total := r.read(nil, from, most)
				want := twin.read(from, r.next, most)
				if got := bytes.Join(slices, nil); !bytes.Equal(got, want.data) || next != want.next || total != len(got) {
					t.Fatalf("read from %d at most %d: %d bytes up to %d (told: %d), want %d up to %d", from, most, len(got), next, total, len(want.data), want.next)
				}
				readings = append(readings, reading{slices, want.data})
			}
			if r.next != twin.next && len(r.chunks) > 0 {
				t.Fatalf("next is %d, want %d", r.next, twin.next)
			}
			capacity := 0
			for _, c := range r.chunks {
				capacity += cap(c.data)
			}
			if capacity != r.bytes {
				t.Fatalf("the chunks have %d bytes, counted are %d", capacity, r.bytes)
			}
		}
		for _, x := range readings {
			if !bytes.Equal(bytes.Join(x.slices, nil), x.want) {
				t.Fatal("what was read has changed since")
			}
		}
	})
}

type ringReading struct {
	data []byte
	next uint64
}

// read takes frames while they fit, but at least one.
func (w *ringTwin) read(from, end uint64, most int) ringReading {
	var out ringReading
	for out.next = from; out.next < end; out.next++ {
		frame := w.frames[out.next]
		if len(out.data)+len(frame) > most && len(out.data) > 0 {
			break
		}
		out.data = append(out.data, frame...)
	}
	return out
}

func TestRing_first_frame_larger_than_a_read(t *testing.T) {
	r := &ring{next: 1}
	r.append(1, make([]byte, 2*maxChunk))
	for o := uint64(2); o < 100; o++ {
		r.append(o, make([]byte, 1000))
	}
	if _, next, total := r.read(nil, 1, 1000); next != 2 || total != 2*maxChunk {
		t.Errorf("a read of 1000 bytes took %d, up to entry %d", total, next-1)
	}
}
