package doc

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/protocol"
)

// split returns the elements of a JSON array.
func split(data []byte) ([]jsontext.Value, error) {
	var parts []jsontext.Value
	if err := json.Unmarshal(data, &parts); err != nil {
		return nil, protocol.Errorf(protocol.BadMessage, "A snapshot's cells are [[key, cell], …].")
	}
	return parts, nil
}
