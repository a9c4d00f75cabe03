package tutti

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/protocol"
)

// Message is what is published to a topic.
type Message struct {
	// Topic is set for hooks; Publish takes the topic by itself.
	Topic string
	// Name is the entry's event name; empty: message.
	Name string
	// Key says what the entry is the newest word about, for readers that skip
	// (see Namespace.Latest): 1 to 255 bytes of UTF-8 without control
	// characters; empty: none.
	Key string
	// Data becomes JSON by encoding/json. For hooks it is a json.RawMessage,
	// and may be replaced by anything.
	Data any
}

// OnPublishFunc sees what clients publish before it is taken, and may refuse
// it, fill it in or replace it: a chat command comes in, a chat message goes
// out. To refuse, return [Reject] with the words for the client, or another
// [Error]; of any other error the client learns no more than rejected. It is
// not asked about repeats, nor about what the program itself publishes.
type OnPublishFunc func(ctx context.Context, id Identity, m *Message) error

// Reject returns an error that rejects an entry for good and tells the client
// why.
func Reject(message string) *Error { return protocol.Errorf(protocol.Rejected, "%s", message) }

func (c *Config) onPublish(ctx context.Context, id Identity, m *hub.Message) error {
	own := Message{Topic: m.Topic, Name: m.Name, Key: m.Key, Data: json.RawMessage(m.Data)}
	if err := c.OnPublish(ctx, id, &own); err != nil {
		return err
	}
	data, err := marshal(own.Data)
	if err != nil {
		return errors.Join(protocol.Errorf(protocol.HookFailed, ""), err)
	}
	m.Name, m.Key, m.Data = own.Name, own.Key, data
	return nil
}

// marshal turns data into JSON, raw JSON into itself.
func marshal(data any) ([]byte, error) {
	if raw, ok := data.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(data)
}
