package client

import (
	stdjson "encoding/json"

	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
	"github.com/tuttisync/tutti/text/document"
)

const kindText = "text"

// contentOf makes empty documents of a type; nil: there are none of that.
func contentOf(kind string) func(*replica) content {
	switch kind {
	case counter.Type.Name():
		return newCells(counter.Type)
	case set.Type.Name():
		return newCells(set.Type)
	case records.Type.Name():
		return newCells(records.Type)
	case kindText:
		return newWriting
	}
	return nil
}

// again makes an operation of a document anew, from its JSON.
func (c *Client) again(topic, kind string, data []byte) (*Mutation, error) {
	empty := contentOf(kind)
	if empty == nil {
		return nil, protocol.Errorf(protocol.WrongType, "The client has no documents of the type %.40q.", kind)
	}
	d := &Document{replica: c.join(topic, kind, empty, false)}
	defer d.Close()
	if w, ok := d.replica.content.(*writing); ok {
		op, err := document.Decode(data)
		if err != nil {
			return nil, err
		}
		return (&Text{d, w}).Edit(op), nil
	}
	d.cells = d.replica.content.(*cells)
	m, _ := d.cells.mutate(stdjson.RawMessage(data), nil, 0, nil)
	return m, nil
}
