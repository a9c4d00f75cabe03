package shelf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

// A frame holds the changes of one write. It begins with its mark, then four bytes
// each, little-endian: the length of its body, a checksum of the body, and one of
// the twelve bytes before. The body is, for each change, the length of the key, the
// key, 0 if it deletes, else one more than the length of the value, and the value;
// lengths are varints. As the mark is no UTF-8, no key or value holds it.
const (
	mark   = "\xf1tj1"
	header = 16
)

var table = crc32.MakeTable(crc32.Castagnoli)

var errNoFrame = errors.New("it is no frame")

// frame appends a frame of changes to b. It returns where their values begin in it.
func frame(b []byte, changes []Change) (framed []byte, places []int64) {
	start := len(b)
	b = append(b, make([]byte, header)...)
	for _, c := range changes {
		b = binary.AppendUvarint(b, uint64(len(c.Key)))
		b = append(b, c.Key...)
		if c.Value == nil {
			b = append(b, 0)
		} else {
			b = binary.AppendUvarint(b, uint64(len(c.Value))+1)
		}
		places = append(places, int64(len(b)-start))
		b = append(b, c.Value...)
	}
	head, body := b[start:start+header], b[start+header:]
	copy(head, mark)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(body)))
	binary.LittleEndian.PutUint32(head[8:], crc32.Checksum(body, table))
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(head[:12], table))
	return b, places
}

// framed is a change in a frame: where its value begins, counted from the frame's
// beginning.
type framed struct {
	key     string
	deletes bool
	at      int64
	length  int
}

// readFrame reads the frame at a place of a file of so many bytes, and returns its
// length: errNoFrame if there is none that is whole.
func readFrame(r io.ReaderAt, at, size int64) (changes []framed, length int64, err error) {
	var head [header]byte
	if at+header > size {
		return nil, 0, errNoFrame
	}
	if _, err := r.ReadAt(head[:], at); err != nil {
		return nil, 0, err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if string(head[:4]) != mark || crc32.Checksum(head[:12], table) != binary.LittleEndian.Uint32(head[12:]) || at+header+n > size {
		return nil, 0, errNoFrame
	}
	body := make([]byte, n)
	if _, err := r.ReadAt(body, at+header); err != nil {
		return nil, 0, err
	}
	if crc32.Checksum(body, table) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, 0, errNoFrame
	}
	changes, err = parse(body)
	return changes, header + n, err
}

func parse(body []byte) (changes []framed, err error) {
	rest := body
	take := func() (n int, err error) {
		v, used := binary.Uvarint(rest)
		if used <= 0 || v > math.MaxInt32 {
			return 0, errNoFrame
		}
		rest = rest[used:]
		return int(v), nil
	}
	for len(rest) > 0 {
		n, err := take()
		if err != nil || n > len(rest) {
			return nil, errNoFrame
		}
		c := framed{key: string(rest[:n])}
		rest = rest[n:]
		if n, err = take(); err != nil || n-1 > len(rest) {
			return nil, errNoFrame
		}
		c.deletes, c.length = n == 0, max(0, n-1)
		c.at = header + int64(len(body)-len(rest))
		rest = rest[c.length:]
		changes = append(changes, c)
	}
	return changes, nil
}

// scan tells the frames of a file of so many bytes, in order, and where the last
// one ends. What follows that is a write that was cut off. If there is something
// else than frames in front of one, the file is damaged.
func scan(r io.ReaderAt, size int64, tell func(at int64, changes []framed), end *int64) (damaged bool, err error) {
	for at := int64(0); at < size; {
		changes, n, err := readFrame(r, at, size)
		switch {
		case errors.Is(err, errNoFrame):
			if at, err = find(r, at+1, size); err != nil {
				return damaged, err
			}
			continue
		case err != nil:
			return damaged, err
		}
		damaged = damaged || at > *end
		tell(at, changes)
		at += n
		*end = at
	}
	return damaged, nil
}

// find returns where the next mark may begin, or size.
func find(r io.ReaderAt, at, size int64) (int64, error) {
	chunk := make([]byte, 64<<10)
	for at < size {
		n, err := r.ReadAt(chunk[:min(int64(len(chunk)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.Index(chunk[:n], []byte(mark)); i >= 0 {
			return at + int64(i), nil
		}
		at += int64(max(n-len(mark)+1, 1)) // a mark may lie across two chunks
	}
	return size, nil
}
