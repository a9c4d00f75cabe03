package crdt

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Payloads are written as canonical JSON: without space, members by name.

// usualDelta is room for the delta of one operation, in bytes.
const usualDelta = 192

// begin starts a payload.
func begin() []byte { return append(make([]byte, 0, usualDelta), '{') }

// appendComma separates the items of an array.
func appendComma(b []byte) []byte {
	if b[len(b)-1] != '[' {
		b = append(b, ',')
	}
	return b
}

// appendID appends a replica id, which needs no escapes.
func appendID(b []byte, id string) []byte {
	b = append(b, '"')
	b = append(b, id...)
	return append(b, '"')
}

// appendCounts appends the items of an array of counts or dots.
func appendCounts(b []byte, counts []count) []byte {
	for _, c := range counts {
		b = append(appendComma(b), '[')
		b = appendID(b, c.id)
		b = append(b, ',')
		b = strconv.AppendInt(b, c.n, 10)
		b = append(b, ']')
	}
	return b
}

// appendKey appends a string that holds no lone surrogate.
func appendKey(b []byte, key string) []byte {
	b, _ = jsontext.AppendQuote(b, key) // fails on what is not UTF-8 alone
	return b
}

func appendStamp(b []byte, s stamp) []byte {
	b = append(b, '[')
	b = strconv.AppendInt(b, s.ms, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, s.count, 10)
	b = append(b, ',')
	b = appendID(b, s.id)
	return append(b, ']')
}

// appendReplicaID appends the member replicaId and what comes before it.
func appendReplicaID(b []byte, id string) []byte {
	return appendID(append(b, `"replicaId":`...), id)
}
