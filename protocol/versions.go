package protocol

import (
	"regexp"

	"github.com/go-json-experiment/json"
)

var versionName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)

// CheckVersion returns bad_message unless name may be that of a version (rule
// DOC-36).
func CheckVersion(name string) error {
	if !versionName.MatchString(name) {
		return Errorf(BadMessage, "The name of a version is 1 to 64 of A-Z a-z 0-9 _ . -, the first no . or -.")
	}
	return nil
}

// VersionOrder is the body of PUT /v1/docs/{topic}/versions/{name}.
type VersionOrder struct {
	Offset *uint64 `json:"offset,omitzero"` // absent: now
}

// DecodeVersionOrder reads it; an empty body is {}.
func DecodeVersionOrder(body []byte) (o VersionOrder, err error) {
	if len(body) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return VersionOrder{}, jsonError(err)
	}
	return o, checkOffset(o.Offset)
}

// Reversion is the body of POST /v1/docs/{topic}/restore: one of the two.
type Reversion struct {
	Version string  `json:"version,omitzero"`
	Offset  *uint64 `json:"offset,omitzero"`
}

// DecodeReversion reads it.
func DecodeReversion(body []byte) (Reversion, error) {
	var r Reversion
	if err := json.Unmarshal(body, &r); err != nil {
		return Reversion{}, jsonError(err)
	}
	switch {
	case (r.Version == "") == (r.Offset == nil):
		return Reversion{}, Errorf(BadMessage, `The body is {"version": "…"} or {"offset": …}.`)
	case r.Version != "":
		return r, CheckVersion(r.Version)
	}
	return r, checkOffset(r.Offset)
}

func checkOffset(o *uint64) error {
	if o != nil && *o > MaxOffset {
		return Errorf(BadMessage, "offset is an offset.")
	}
	return nil
}
