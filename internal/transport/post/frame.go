package post

import (
	"bytes"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// AppendEvent appends an entry, given as the log holds it, as an event whose
// data is the entry's message (rule ROAD-2).
func AppendEvent(dst []byte, topic string, stored []byte) []byte {
	return appendEvent(dst, protocol.AppendEntryMessage(nil, topic, stored))
}

// AppendItem appends an entry's message as an item of an array that it is not
// the first of.
func AppendItem(dst []byte, topic string, stored []byte) []byte {
	return protocol.AppendEntryMessage(append(dst, ','), topic, stored)
}

// appendEvent gives each line of the message a field of its own: an entry's
// data is what was published, line breaks among it.
func appendEvent(dst, message []byte) []byte {
	for len(message) > 0 {
		line := message
		if i := bytes.IndexAny(message, "\r\n"); i >= 0 {
			line, message = message[:i], message[i+1:]
		} else {
			message = nil
		}
		dst = append(append(append(dst, "data: "...), line...), '\n')
	}
	return append(dst, '\n')
}

// appendMessage frames a message in the encoding of the connection's entries.
func appendMessage(dst []byte, encoding hub.Encoding, message []byte) []byte {
	if encoding == hub.Streamed {
		return appendEvent(dst, message)
	}
	return append(append(dst, ','), message...)
}

// ShareEvent returns what stands in an event for the end of a message that many
// streams share, which has no line breaks.
func ShareEvent(end []byte) []byte { return append(end, '\n', '\n') }

// AppendEventHead appends what stands before it.
func AppendEventHead(dst, head []byte, _ int) []byte {
	return append(append(dst, "data: "...), head...)
}

// ShareItem returns what stands in an array for the end of a message that many
// answers share: itself.
func ShareItem(end []byte) []byte { return end }

// AppendItemHead appends what stands before it.
func AppendItemHead(dst, head []byte, _ int) []byte { return append(append(dst, ','), head...) }
