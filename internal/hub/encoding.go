package hub

import "encoding/binary"

// Encoding names a form in which entries are read. Each form that a topic has
// readers of is encoded once.
type Encoding uint8

// The encodings.
const (
	Stored   Encoding = iota // entries as the log holds them, see EachStored
	Messages                 // entry messages, framed for a WebSocket
	Deflated                 // the same, compressed
	Streamed                 // entry messages, each as an event of POST /v1/sse
	Listed                   // entry messages, each behind a comma
	Events                   // SSE events of a stream over one topic

	encodings
)

// alone is the encoding for entries that one reader fetches from the store: what
// costs much is done once for all readers, or not at all.
func (e Encoding) alone() Encoding {
	if e == Deflated {
		return Messages
	}
	return e
}

// twoWay says whether the reader speaks the protocol's messages.
func (e Encoding) twoWay() bool { return e != Stored && e != Events }

// Encoders hold each encoding's encoder; Stored's is the hub's own.
type Encoders [encodings]Encoder

// Encoder appends the frame of one stored entry of topic to dst.
type Encoder func(dst []byte, topic string, stored []byte) []byte

// appendStored puts the length before the entry, so that frames can be told
// apart again.
func appendStored(dst []byte, _ string, stored []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(stored)))
	return append(dst, stored...)
}

// EachStored calls fn with each stored entry of frames in the encoding Stored,
// until fn returns false.
func EachStored(frames []byte, fn func(stored []byte) bool) {
	for len(frames) > 0 {
		n := int(binary.BigEndian.Uint32(frames))
		if !fn(frames[4 : 4+n]) {
			return
		}
		frames = frames[4+n:]
	}
}

// Framer frames the message of a snapshot, of which all but its head is the
// same for all readers: what they share is made once, and handed to each
// transport as it is.
type Framer struct {
	// Share makes of the message's end what stands in every reader's frame.
	Share func(end []byte) []byte
	// Head appends to dst what stands before that: the message's head, in the
	// transport's form. size is how many bytes Share made.
	Head func(dst, head []byte, size int) []byte
}

// Framers hold a framer for each encoding of messages.
type Framers [encodings]Framer
