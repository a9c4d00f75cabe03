package crdt

import (
	"errors"
	"fmt"
	"strings"
)

// Code names one kind of failure, the same in Go and TypeScript.
type Code string

const (
	// BadPayload: what was to be applied is no payload of this type. The message
	// says where it is wrong.
	BadPayload Code = "bad_payload"
	// BadValue: an argument is no value, key or amount that can be stored, or a
	// stored value does not fit the Go type that it is read into.
	BadValue Code = "bad_value"
	// ReplicaReused: somebody else goes by this instance's replica id, or its
	// state is older than one that was shared. Renew, and join again.
	ReplicaReused Code = "replica_reused"
	// ClockSkew: a stamp is too far ahead of the local clock.
	ClockSkew Code = "clock_skew"
	// OutOfRange: a count or a sum would pass 2^53−1.
	OutOfRange Code = "out_of_range"
)

// Error is the only kind of error of this package. What failed has changed
// nothing.
type Error struct {
	Code    Code
	Message string // a sentence
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// CodeOf returns the code of the *Error that err is or wraps, or "".
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// maxMessageBytes bounds a message, which may quote what others sent.
const maxMessageBytes = 300

func errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: shorten(fmt.Sprintf(format, args...))}
}

func shorten(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessageBytes], "") + "…"
}
