package load

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// mark stands before the time in what is published.
var mark = []byte(`{"sent":`)

// leastBytes are those of a message without padding.
const leastBytes = len(`{"sent":1234567890123456789,"pad":""}`)

// Message is JSON that tells when it was due, padded to size bytes.
func Message(due time.Time, size int) []byte {
	b := strconv.AppendInt(append(make([]byte, 0, size), mark...), due.UnixNano(), 10)
	b = append(b, `,"pad":"`...)
	b = append(b, bytes.Repeat([]byte("x"), max(size-leastBytes, 0))...)
	return append(b, `"}`...)
}

// EachDue calls fn with the time in each message that a frame holds, whatever a
// server has put around them.
func EachDue(frame []byte, fn func(due time.Time)) error {
	for {
		i := bytes.Index(frame, mark)
		if i < 0 {
			return nil
		}
		frame = frame[i+len(mark):]
		end := max(bytes.IndexByte(frame, ','), 0)
		nanos, err := strconv.ParseInt(string(frame[:end]), 10, 64)
		if err != nil {
			return fmt.Errorf("a message without its time: %w", err)
		}
		fn(time.Unix(0, nanos))
	}
}
