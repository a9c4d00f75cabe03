package sse

import (
	"bytes"

	"github.com/tuttisync/tutti/protocol"
)

// AppendEvent appends an entry, given as the log holds it, as one event whose
// id is that of the entry's position (rule SSE-1). An entry that cannot be
// parsed leaves dst as it is: the store's bytes are our own.
func AppendEvent(dst []byte, _ string, stored []byte) []byte {
	e, err := protocol.ParseEntry(stored)
	if err != nil {
		return dst
	}
	return appendEvent(dst, e.Position().String(), e.Name, e.Data)
}

// appendEvent appends one event. Each line of data gets a field of its own, so
// that no line break in it can end the event.
func appendEvent(dst []byte, id, name string, data []byte) []byte {
	if id != "" {
		dst = append(append(append(dst, "id: "...), id...), '\n')
	}
	if name != "" {
		dst = append(append(append(dst, "event: "...), name...), '\n')
	}
	for {
		i := bytes.IndexAny(data, "\r\n")
		if i < 0 {
			break
		}
		dst = append(append(append(dst, "data: "...), data[:i]...), '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
	dst = append(append(append(dst, "data: "...), data...), '\n')
	return append(dst, '\n')
}
