package protocol

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxKeyBytes bounds an entry's key.
const MaxKeyBytes = 255

// CheckKey returns bad_message unless the key may be an entry's: 1 to 255 bytes
// of UTF-8 without control characters (rule ENTRY-5). The empty key is allowed
// and means none.
func CheckKey(key string) error {
	switch {
	case len(key) > MaxKeyBytes:
		return Errorf(BadMessage, "The key has %d bytes; %d are allowed.", len(key), MaxKeyBytes)
	case !utf8.ValidString(key):
		return Errorf(BadMessage, "The key is not UTF-8.")
	case strings.ContainsFunc(key, unicode.IsControl):
		return Errorf(BadMessage, "The key holds a control character.")
	}
	return nil
}

var beforeKey = []byte(`","key":`)

// EntryKey returns the key of an entry given in its stored form, or "" if it
// has none. It looks at the entry's beginning alone: AppendEntry writes the key
// behind offset and term, neither of which holds a quote.
func EntryKey(stored []byte) string {
	const quotes = 6 // the last ends the term
	at := -1
	for range quotes {
		i := bytes.IndexByte(stored[at+1:], '"')
		if i < 0 {
			return ""
		}
		at += 1 + i
	}
	rest, ok := bytes.CutPrefix(stored[at:], beforeKey)
	if !ok {
		return ""
	}
	value, err := jsontext.NewDecoder(bytes.NewBuffer(rest)).ReadValue()
	if err != nil {
		return ""
	}
	key, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(key)
}

// AppendSkipped appends an entry, given in its stored form, with skipped in
// front: that so many entries just before it were left out (rule SUB-8).
func AppendSkipped(b []byte, skipped uint64, stored []byte) []byte {
	b = append(b, `{"skipped":`...)
	b = strconv.AppendUint(b, skipped, 10)
	b = append(b, ',')
	return append(b, stored[1:]...)
}
