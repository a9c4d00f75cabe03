package hub

import (
	"bytes"

	"github.com/tuttisync/tutti/protocol"
)

// lines reads frames of the test's encoding of events: stored entries, one a
// line.
func lines(frames []byte) []protocol.Entry {
	var all []protocol.Entry
	for line := range bytes.Lines(frames) {
		e, err := protocol.ParseEntry(bytes.TrimSpace(line))
		if err != nil {
			panic(err)
		}
		all = append(all, e)
	}
	return all
}
