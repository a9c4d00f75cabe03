package protocol

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical returns data as canonical JSON by RFC 8785: no white space, members
// in the order of their names' UTF-16 code units, strings and numbers written in
// one way, so that equal values are equal bytes. Numbers are doubles within
// ±(2^53-1), and -0 is 0 (rule DOC-22). What is not one JSON value of this kind
// is bad_operation. The result is the caller's.
func Canonical(data []byte) ([]byte, error) {
	b, err := jsontext.AppendFormat(make([]byte, 0, len(data)), data,
		jsontext.CanonicalizeRawInts(true), jsontext.CanonicalizeRawFloats(true), jsontext.ReorderRawObjects(true))
	if err != nil {
		return nil, Errorf(BadOperation, "%s", AsError(jsonError(err)).Message)
	}
	if n := inexact(b); n != "" {
		return nil, Errorf(BadOperation, "The number %.40s is not within ±(2^53-1).", n)
	}
	return b, nil
}

// inexact returns the first number of canonical JSON outside ±(2^53-1).
func inexact(b []byte) string {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '0' <= c && c <= '9':
			whole := i
			for i < len(b) && '0' <= b[i] && b[i] <= '9' {
				i++
			}
			digits := b[whole:i]
			exponent := i
			for i < len(b) && strings.IndexByte("0123456789.eE+-", b[i]) >= 0 {
				i++
			}
			// Canonical numbers have a positive exponent from 1e21 on, and no
			// fraction where 2^53 is near.
			if len(digits) > len(maxOffsetDigits) ||
				len(digits) == len(maxOffsetDigits) && string(digits) > maxOffsetDigits ||
				strings.Contains(string(b[exponent:i]), "e+") {
				return string(b[whole:i])
			}
			i--
		}
	}
	return ""
}

const maxOffsetDigits = "9007199254740991"

// CompareUTF16 compares strings by their UTF-16 code units, as canonical JSON
// orders names. It differs from the order of bytes where a character beyond
// U+FFFF meets one from U+E000 on.
func CompareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x != y {
			const private, beyond = 0xee, 0xf0 // first bytes of U+E000 and U+10000
			if x >= private && y >= private && (x >= beyond) != (y >= beyond) {
				return cmp.Compare(y, x)
			}
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}
