package protocol

import "github.com/go-json-experiment/json"

// Disconnect is the body of POST /v1/disconnect: whose connections are to end.
// One of Sub and Client is set.
type Disconnect struct {
	Sub    string `json:"sub,omitzero"`
	Client string `json:"client,omitzero"`
	Return bool   `json:"return,omitzero"` // they may come back by themselves
}

// DecodeDisconnect reads the body of POST /v1/disconnect.
func DecodeDisconnect(body []byte) (Disconnect, error) {
	var d Disconnect
	if err := json.Unmarshal(body, &d); err != nil {
		return Disconnect{}, jsonError(err)
	}
	if (d.Sub == "") == (d.Client == "") {
		return Disconnect{}, Errorf(BadMessage, "Give sub or client, and not both.")
	}
	return d, nil
}
