package protocol

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Publication is the body of a publish over HTTP.
type Publication struct {
	Name string         `json:"name,omitzero"`
	Key  string         `json:"key,omitzero"`
	Data jsontext.Value `json:"data"`
}

// MaxBatch is how many entries may be published together.
const MaxBatch = 1000

// CheckBatch returns bad_message or limit_exceeded unless n entries may be
// published together.
func CheckBatch(n int) error {
	switch {
	case n == 0:
		return Errorf(BadMessage, "There is nothing to publish.")
	case n > MaxBatch:
		return Errorf(LimitExceeded, "%d entries at once; %d are allowed.", n, MaxBatch)
	}
	return nil
}

// DecodePublications reads the body of POST /v1/topics/{topic}/events: a
// publication, or (batch) an array of 1 to MaxBatch of them.
func DecodePublications(body []byte, limits Limits) (all []Publication, batch bool, err error) {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		p, err := DecodePublication(body, limits)
		return []Publication{p}, false, err
	}
	var values []jsontext.Value
	if err := json.Unmarshal(body, &values); err != nil {
		return nil, true, jsonError(err)
	}
	if err := CheckBatch(len(values)); err != nil {
		return nil, true, err
	}
	for i, v := range values {
		p, err := DecodePublication(v, limits)
		if err != nil {
			told := *AsError(err)
			told.Message = fmt.Sprintf("Entry %d of %d: %s", i+1, len(values), told.Message)
			return nil, true, &told
		}
		all = append(all, p)
	}
	return all, true, nil
}

// DecodePublication reads one publication.
func DecodePublication(body []byte, limits Limits) (Publication, error) {
	var p Publication
	if err := json.Unmarshal(body, &p); err != nil {
		return Publication{}, jsonError(err)
	}
	if p.Data == nil {
		return Publication{}, Errorf(BadMessage, `The body is {"name": …, "data": …}; data is missing.`)
	}
	if err := CheckName(p.Name); err != nil {
		return Publication{}, err
	}
	if err := CheckKey(p.Key); err != nil {
		return Publication{}, err
	}
	return p, limits.CheckData(p.Data)
}
