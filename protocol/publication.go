package protocol

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Publication is the body of a publish over HTTP.
type Publication struct {
	Name string         `json:"name,omitzero"`
	Key  string         `json:"key,omitzero"`
	Data jsontext.Value `json:"data"`
}

// DecodePublication reads the body of POST /v1/topics/{topic}/events.
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
