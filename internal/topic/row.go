package topic

import (
	"encoding/binary"
	"errors"
	"time"
)

// Remembered is how many of a client's latest seqs keep their offsets, and so
// how many entries a client may have in flight in a topic (rules PUB-1, PUB-5).
const Remembered = 64

// Memory is how long a client's row is kept after its last entry.
const Memory = 30 * 24 * time.Hour

const rowVersion = 1

// ClientKey returns the key of a client's row in a topic.
func ClientKey(client string) string { return "c" + client }

var errBadRow = errors.New("topic: the row is damaged")

// row is what a topic remembers of one client. The zero row is that of a
// client that has published nothing.
type row struct {
	highest uint64 // every seq up to this one is accepted or void
	run     uint64 // the highest run that published
	time    int64  // of the last entry, in seconds since 1970
	// recent holds the offsets of the seqs highest, highest-1, …; 0 is void.
	recent []uint64
}

// accept returns the row after seq, which may be above highest+1 when all
// between is void, was written at offset. It does not change r.
func (r row) accept(seq, run, offset uint64, now time.Time) row {
	recent := make([]uint64, 1, min(len(r.recent)+int(min(seq-r.highest, Remembered)), Remembered))
	recent[0] = offset
	for void := r.highest + 1; void < seq && len(recent) < Remembered; void++ {
		recent = append(recent, 0)
	}
	recent = append(recent, r.recent[:min(len(r.recent), Remembered-len(recent))]...)
	return row{highest: seq, run: max(r.run, run), time: now.Unix(), recent: recent}
}

// offset returns where seq was written, and whether that is remembered. The
// offset of a void seq is 0.
func (r row) offset(seq uint64) (uint64, bool) {
	if back := r.highest - seq; back < uint64(len(r.recent)) {
		return r.recent[back], true
	}
	return 0, false
}

func (r row) forgotten(now time.Time) bool {
	return r.highest == 0 || now.Sub(time.Unix(r.time, 0)) > Memory
}

// append writes the row: its version, highest, run and time, then the recent
// offsets, each as its distance below the accepted one before it (0: void).
func (r row) append(b []byte) []byte {
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, r.highest)
	b = binary.AppendUvarint(b, r.run)
	b = binary.AppendUvarint(b, uint64(r.time))
	before := uint64(0)
	for i, o := range r.recent {
		switch {
		case i == 0:
			b = binary.AppendUvarint(b, o)
			before = o
		case o == 0:
			b = append(b, 0)
		default:
			b = binary.AppendUvarint(b, before-o)
			before = o
		}
	}
	return b
}

func parseRow(b []byte) (row, error) {
	if len(b) == 0 {
		return row{}, nil
	}
	if b[0] != rowVersion {
		return row{}, errBadRow
	}
	b = b[1:]
	next := func() (uint64, bool) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, false
		}
		b = b[n:]
		return v, true
	}
	var r row
	var ok [3]bool
	var seconds uint64
	r.highest, ok[0] = next()
	r.run, ok[1] = next()
	seconds, ok[2] = next()
	r.time = int64(seconds)
	if ok != [3]bool{true, true, true} {
		return row{}, errBadRow
	}
	before := uint64(0)
	for len(b) > 0 {
		v, ok := next()
		if !ok || len(r.recent) == Remembered || (len(r.recent) > 0 && v > before) {
			return row{}, errBadRow
		}
		switch {
		case len(r.recent) == 0:
			before = v
		case v != 0:
			before -= v
			v = before
		}
		r.recent = append(r.recent, v)
	}
	return r, nil
}

// Settled says whether a client's row, as stored, says that seq is accepted or
// void.
func Settled(value []byte, seq uint64, now time.Time) bool {
	r, err := parseRow(value)
	return err == nil && !r.forgotten(now) && seq <= r.highest
}

// SeqAt returns of a client's row, as stored, the highest seq that was written
// at or below offset; 0 if that is none, or is older than what is remembered:
// then none of those that the client may still have in flight was.
func SeqAt(value []byte, offset uint64, now time.Time) uint64 {
	r, err := parseRow(value)
	if err != nil || r.forgotten(now) {
		return 0
	}
	for i, o := range r.recent {
		if o != 0 && o <= offset {
			return r.highest - uint64(i)
		}
	}
	return 0
}
