package hub

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// However many read them, entries are compressed once; and those that one
// reader fetches from the store are not compressed for it.
func TestDeflated_once_for_all_readers(t *testing.T) {
	const readers, entries = 5, 10
	var compressed atomic.Int64
	n := newNode(t, func(c *Config) {
		c.Encoders[Deflated] = func(dst []byte, topic string, stored []byte) []byte {
			compressed.Add(1)
			return append(protocol.AppendEntryMessage(dst, topic, stored), '\n')
		}
	})
	n.tellMany("a", 1, entries)

	var lines []*line
	subscribe := func(from string) {
		l := n.connect(newSecret(t), 1)
		l.conn.encoding = Deflated
		l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":%q}`, from))
		l.expect("subscribed")
		lines = append(lines, l)
	}
	hear := func(l *line, from, last int) {
		t.Helper()
		for i := from; i <= last; i++ {
			if m := l.expect("entry"); m.Offset != uint64(i) {
				t.Fatalf("heard entry %d, want %d", m.Offset, i)
			}
		}
	}
	for range readers {
		subscribe("new")
	}
	subscribe("earliest")
	hear(lines[readers], 1, entries)
	if got := compressed.Load(); got != 0 {
		t.Errorf("%d entries of the store were compressed for one reader", got)
	}

	n.tellMany("a", entries+1, 2*entries)
	for _, l := range lines {
		hear(l, entries+1, 2*entries)
	}
	if got := compressed.Load(); got != entries {
		t.Errorf("%d entries for %d readers were compressed %d times", entries, len(lines), got)
	}
}
