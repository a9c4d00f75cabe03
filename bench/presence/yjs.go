package main

import (
	"context"
	"encoding/binary"
)

// awarenessMessage is the type of a message of y-websocket.
const awarenessMessage = 1

// awareness is a message with the states of clients, as encodeAwarenessUpdate of
// y-protocols writes it.
func awareness(clock int, states map[int][]byte) []byte {
	update := binary.AppendUvarint(nil, uint64(len(states)))
	for n, state := range states {
		update = binary.AppendUvarint(update, uint64(n+1))
		update = binary.AppendUvarint(update, uint64(clock))
		update = binary.AppendUvarint(update, uint64(len(state)))
		update = append(update, state...)
	}
	message := binary.AppendUvarint([]byte{awarenessMessage}, uint64(len(update)))
	return append(message, update...)
}

var yjsDialect = dialect{
	path:   "/room",
	binary: true,
	hello: func(n int, as role) (frame, answer string) {
		frame = string(awareness(1, map[int][]byte{n: firstState(n)}))
		if as == asker {
			return frame, `{"sent":`
		}
		return frame, "" // whatever comes first
	},
	update: func(n, seq int, state []byte) []byte {
		return awareness(seq+1, map[int][]byte{n: state})
	},
	fill: fillAwareness,
}

// perConnection is how many clients each connection of a filled room speaks for.
const perConnection = 1000

// fillAwareness puts n clients into the room, many by each connection.
func fillAwareness(ctx context.Context, c *child, n int) (*crowd, error) {
	connections := (n + perConnection - 1) / perConnection
	hello := func(i int) (frame, answer string) {
		states := make(map[int][]byte)
		for k := i * perConnection; k < min((i+1)*perConnection, n); k++ {
			states[k] = firstState(k)
		}
		return string(awareness(1, states)), ""
	}
	return gather(ctx, c, connections, hello, deaf)
}
