package crdt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxItems bounds the counts, dots, values, elements and entries of a payload
// together (rule CRDT-3).
const MaxItems = 1_000_000

// reader reads a payload token by token. Its first fault stays in err; after
// that all it reads is empty, and its loops end.
type reader struct {
	dec   *jsontext.Decoder
	err   error
	items int
	ids   map[string]string // each id is in memory once
}

// members says what reads each member of a payload but replicaId.
type members map[string]func()

// readPayload reads a payload and returns the id of the replica that made it.
// Members that are not optional must be there.
func readPayload(p []byte, build func(r *reader) (all members, optional []string)) (string, error) {
	r := &reader{dec: jsontext.NewDecoder(bytes.NewBuffer(p)), ids: make(map[string]string)}
	all, optional := build(r)
	var id string
	all["replicaId"] = func() { id = r.id() }

	seen := make(map[string]bool, len(all))
	r.open('{')
	for r.more('}') {
		name := r.text()
		read, ok := all[name]
		if !ok {
			r.failf("there is no such member")
			break
		}
		seen[name] = true
		read()
	}
	for _, name := range optional {
		delete(all, name)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !seen[name] {
			r.failf("%s is missing", name)
		}
	}
	if r.err == nil {
		if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
			r.failf("something follows the payload")
		}
	}
	return id, r.err
}

// failf notes what is wrong with what was read last.
func (r *reader) failf(format string, args ...any) {
	if r.err != nil {
		return
	}
	where := "The payload"
	if at := r.dec.StackPointer(); at != "" {
		where = "At " + shorten(string(at))
	}
	r.err = errorf(BadPayload, "%s: %s.", where, fmt.Sprintf(format, args...))
}

// raw reads one value of a kind, which is valid until the next read. The kind 0
// stands for any.
func (r *reader) raw(kind jsontext.Kind, what string) jsontext.Value {
	if r.err != nil {
		return nil
	}
	if r.dec.PeekKind() == ']' {
		r.failf("the array is too short")
		return nil
	}
	v, err := r.dec.ReadValue()
	switch {
	case err != nil:
		r.failf("it is not JSON: %v", err)
		return nil
	case kind != 0 && v.Kind() != kind:
		r.failf("%s is wanted", what)
		return nil
	}
	return v
}

// open reads the bracket that begins an array or object.
func (r *reader) open(bracket jsontext.Kind) {
	if r.err != nil {
		return
	}
	token, err := r.dec.ReadToken()
	switch {
	case err != nil:
		r.failf("it is not JSON: %v", err)
	case token.Kind() == bracket:
	case bracket == '{':
		r.failf("an object is wanted")
	default:
		r.failf("an array is wanted")
	}
}

// more says whether another value follows in the array or object that was
// opened; if not, it reads the bracket that ends it.
func (r *reader) more(bracket jsontext.Kind) bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() != bracket {
		return true
	}
	r.close(bracket)
	return false
}

func (r *reader) close(bracket jsontext.Kind) {
	if r.err != nil {
		return
	}
	token, err := r.dec.ReadToken()
	switch {
	case err != nil:
		r.failf("it is not JSON: %v", err)
	case token.Kind() != bracket:
		r.failf("the array is too long")
	}
}

// array reads an array whose items are each read by item.
func (r *reader) array(item func()) {
	r.open('[')
	for r.more(']') {
		if r.items++; r.items > MaxItems {
			r.failf("there are more than %d items", MaxItems)
			return
		}
		item()
	}
}

// tuple reads an array of fixed length, whose members are read by body.
func (r *reader) tuple(body func()) {
	r.open('[')
	body()
	r.close(']')
}

func (r *reader) text() string {
	v := r.raw('"', "a string")
	if v == nil {
		return ""
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		r.failf("it is no string: %v", err)
	}
	return string(b)
}

func (r *reader) id() string {
	v := r.raw('"', "a replica id")
	if v == nil {
		return ""
	}
	if id, ok := r.ids[string(v)]; ok {
		return id
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil || !isReplicaID(b) {
		r.failf("a replica id has 1 to %d characters of A–Z a–z 0–9 _ -", MaxReplicaIDBytes)
		return ""
	}
	id := string(b)
	r.ids[string(v)] = id
	return id
}

// whole reads a whole number from least to most.
func (r *reader) whole(least, most int64) int64 {
	v := r.raw('0', "a number")
	if v == nil {
		return 0
	}
	n, ok := wholeNumber(v)
	if !ok || n < least || n > most {
		r.failf("a whole number from %d to %d is wanted", least, most)
		return 0
	}
	return n
}

// count reads a count or the n of a dot.
func (r *reader) count() int64 { return r.whole(1, MaxCount) }

// value reads a value and returns its canonical JSON.
func (r *reader) value() string {
	v := r.raw(0, "a value")
	if v == nil {
		return ""
	}
	text, err := canonical(v)
	if err != nil {
		r.failf("the value %v", err)
	}
	return text
}
