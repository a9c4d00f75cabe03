package hub

import (
	"math"
	"sort"
	"sync/atomic"
)

const (
	minChunk = 512
	maxChunk = 32 << 10
)

// rings is what all rings hold together. A ring that grows past the budget makes
// room in itself at once; so that those that grew before do not keep the rest
// for ever, the next sweep trims the quiet ones to an equal share.
type rings struct {
	bytes atomic.Int64
	full  atomic.Bool // the budget was reached since the last sweep
	seen  int         // rings that the last sweep saw; used by it alone
}

// share is how much a quiet ring may keep.
func (r *rings) share(budget int64) int {
	n := r.seen
	r.seen = 0
	if !r.full.Swap(false) {
		return math.MaxInt
	}
	return int(budget / int64(max(n, 1)))
}

// ring holds the newest frames of a topic in one encoding. Frames lie one
// behind the other in chunks, so that a reader gets many as one slice. Chunks
// are only appended to, so what was read stays valid when the ring moves on.
// The topic's lock guards it.
type ring struct {
	chunks []chunk // oldest first
	next   uint64  // the offset that comes next
	bytes  int     // capacity of all chunks
}

type chunk struct {
	first uint64
	ends  []uint32 // of each frame in data
	data  []byte
}

// first is the offset of the oldest frame; next if there is none.
func (r *ring) first() uint64 {
	if len(r.chunks) == 0 {
		return r.next
	}
	return r.chunks[0].first
}

// append adds the frame of offset. After a hole the ring starts anew.
func (r *ring) append(offset uint64, frame []byte) {
	if offset != r.next {
		r.clear()
		r.next = offset
	}
	last := len(r.chunks) - 1
	if last < 0 || len(frame) > cap(r.chunks[last].data)-len(r.chunks[last].data) {
		size := minChunk
		if last >= 0 {
			size = min(2*cap(r.chunks[last].data), maxChunk)
		}
		size = max(size, len(frame))
		r.chunks = append(r.chunks, chunk{first: offset, data: make([]byte, 0, size)})
		r.bytes += size
		last++
	}
	c := &r.chunks[last]
	c.data = append(c.data, frame...)
	c.ends = append(c.ends, uint32(len(c.data)))
	r.next++
}

// holds says whether the frame of offset can be read here.
func (r *ring) holds(offset uint64) bool { return offset >= r.first() && offset < r.next }

// read appends to dst the frames from offset on, which the ring must hold, as
// slices of at most about max bytes in all but at least one frame. It returns
// the offset behind the last frame.
func (r *ring) read(dst [][]byte, offset uint64, max int) ([][]byte, uint64, int) {
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].first > offset }) - 1
	total := 0
	for ; i < len(r.chunks); i++ {
		c := &r.chunks[i]
		skip := int(offset - c.first)
		start := uint32(0)
		if skip > 0 {
			start = c.ends[skip-1]
		}
		room := max - total
		n := sort.Search(len(c.ends)-skip, func(k int) bool { return int(c.ends[skip+k]-start) > room })
		if n == 0 && total == 0 {
			n = 1
		}
		if n == 0 {
			break
		}
		end := c.ends[skip+n-1]
		dst = append(dst, c.data[start:end:end])
		total += int(end - start)
		offset += uint64(n)
		if skip+n < len(c.ends) {
			break
		}
	}
	return dst, offset, total
}

// trim drops the oldest chunks until at most max bytes are left, and returns
// how many bytes went.
func (r *ring) trim(max int) int {
	freed := 0
	for len(r.chunks) > 0 && r.bytes > max {
		n := cap(r.chunks[0].data)
		r.bytes -= n
		freed += n
		r.chunks[0] = chunk{}
		r.chunks = r.chunks[1:]
	}
	if len(r.chunks) == 0 {
		r.chunks = nil
	}
	return freed
}

func (r *ring) clear() int { return r.trim(-1) }
