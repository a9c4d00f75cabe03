package sim

import (
	"bytes"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text/document"
)

// unwanted is a code point that the world's texts take no operation with.
const unwanted = '✗'

// choosy is the type of the world's texts: that of the server, and an application's
// validation which rejects what it does not like.
type choosy struct{ doc.Kind }

func (choosy) Decode(data []byte) (doc.Operation, error) {
	if bytes.ContainsRune(data, unwanted) {
		return nil, protocol.Errorf(protocol.BadOperation, "Nobody wants that here.")
	}
	return document.Kind.Decode(data)
}
