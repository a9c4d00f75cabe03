package crdt

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxCount is the greatest count and the greatest number in a value: 2^53−1,
	// up to which every language has all whole numbers.
	MaxCount = 1<<53 - 1
	// MaxValueDepth bounds how deep arrays and objects of a value nest.
	MaxValueDepth = 64
)

// encode returns the canonical JSON of v (rule CRDT-6).
func encode[T any](v T) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", errorf(BadValue, "The value is not JSON: %v.", err)
	}
	text, err := canonical(raw)
	if err != nil {
		return "", errorf(BadValue, "The value %v.", err)
	}
	return text, nil
}

// decode reads a canonical JSON text into a T.
func decode[T any](text string) (T, error) {
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return v, errorf(BadValue, "A stored value does not fit the type: %v.", err)
	}
	return v, nil
}

// fault is what is wrong with a value, said behind its name.
type fault string

func (f fault) Error() string { return string(f) }

const (
	tooDeep  fault = "nests deeper than 64 arrays and objects"
	tooGreat fault = "has a number past 2^53−1"
)

// canonical returns the canonical form (RFC 8785) of one JSON value that
// jsontext has found well-formed, with distinct names and without lone
// surrogates. It returns a fault if the value is out of bounds (rule CRDT-6).
func canonical(raw jsontext.Value) (string, error) {
	switch raw.Kind() {
	case 'n', 't', 'f':
		return string(raw), nil
	case '"':
		if bytes.IndexByte(raw, '\\') < 0 {
			return string(raw), nil
		}
	case '0':
		if !inRange(raw) {
			return "", tooGreat
		}
		if _, ok := plainInteger(raw); ok {
			return string(raw), nil
		}
	default:
		if err := checkBounds(raw); err != nil {
			return "", err
		}
	}
	v := raw.Clone()
	if err := v.Canonicalize(); err != nil {
		return "", fault("is not JSON: " + err.Error())
	}
	return string(v), nil
}

// checkBounds looks at what is inside an array or object.
func checkBounds(raw jsontext.Value) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for {
		switch dec.PeekKind() {
		case '0':
			number, err := dec.ReadValue()
			if err != nil {
				return fault("is not JSON: " + err.Error())
			}
			if !inRange(number) {
				return tooGreat
			}
		default:
			if _, err := dec.ReadToken(); err != nil {
				return fault("is not JSON: " + err.Error())
			}
		}
		switch depth := dec.StackDepth(); {
		case depth == 0:
			return nil
		case depth > MaxValueDepth:
			return tooDeep
		}
	}
}

// inRange says whether a JSON number is finite and within ±(2^53−1). All
// greater doubles are whole numbers.
func inRange(raw []byte) bool {
	if _, ok := plainInteger(raw); ok {
		return true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return err == nil && -MaxCount <= f && f <= MaxCount
}

// plainInteger reads a JSON number that is at most 15 digits and nothing else.
func plainInteger(raw []byte) (int64, bool) {
	if len(raw) > 15 {
		return 0, false
	}
	var n int64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// wholeNumber reads a JSON number whose double is a whole number from 0 to
// 2^53−1.
func wholeNumber(raw []byte) (int64, bool) {
	if n, ok := plainInteger(raw); ok {
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f < 0 || f > MaxCount || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

func decodeAll[T any](texts []string) ([]T, error) {
	all := make([]T, len(texts))
	for i, text := range texts {
		v, err := decode[T](text)
		if err != nil {
			return nil, err
		}
		all[i] = v
	}
	return all, nil
}
