package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mark stands before the time in what is published.
var mark = []byte(`"sent":`)

var pad = strings.Repeat("x", 64)

// message is what is published: about 100 bytes of JSON that tell when.
func message(sent time.Time) []byte {
	return fmt.Appendf(nil, `{"sent":%d,"pad":%q}`, sent.UnixNano(), pad)
}

// eachSent calls fn with the time in each message that a frame holds, whatever
// the server has put around them.
func eachSent(frame []byte, fn func(sent time.Time)) error {
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
