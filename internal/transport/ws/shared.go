package ws

import "encoding/binary"

// A message whose end many connections share is framed in two parts: the end is
// made once, and each connection's frame begins with a head of its own.

// ShareText returns what stands in a frame for the end of a message: itself.
func ShareText(end []byte) []byte { return end }

// AppendTextHead appends what stands before a shared end of size bytes: the
// frame's header, and the beginning of the message.
func AppendTextHead(dst, head []byte, size int) []byte {
	return append(AppendTextHeader(dst, len(head)+size), head...)
}

// ShareDeflated returns the end of a message compressed, for connections that
// are [Conn.Deflated].
func ShareDeflated(end []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer d.release()
	return append([]byte(nil), d.deflate(end)...)
}

// maxStored is how many bytes a stored block of DEFLATE holds.
const maxStored = 1<<16 - 1

// AppendDeflatedHead appends what stands before a shared end of size bytes that
// ShareDeflated made: the frame's header, and the beginning of the message as
// stored blocks (RFC 1951, section 3.2.4), which end at a whole byte, so that
// another stream may follow.
func AppendDeflatedHead(dst, head []byte, size int) []byte {
	const blockHeader = 5
	blocks := (len(head) + maxStored - 1) / maxStored
	start := len(dst)
	dst = AppendTextHeader(dst, len(head)+blocks*blockHeader+size)
	dst[start] |= deflateBit
	for len(head) > 0 {
		n := min(len(head), maxStored)
		dst = append(dst, 0) // stored, and not the last
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		dst = binary.LittleEndian.AppendUint16(dst, ^uint16(n))
		dst = append(dst, head[:n]...)
		head = head[n:]
	}
	return dst
}
