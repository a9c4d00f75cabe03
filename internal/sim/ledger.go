package sim

import (
	"context"
	"fmt"
	"math"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
)

// ledger knows what was ever durable and what was promised.
type ledger struct {
	durable map[string]protocol.Entry // what stood at a topic, term and offset
	text    []protocol.Entry          // the log of the text, with what retention has forgotten of it
	acked   []*promise                // promises that the present log must keep
	backup  *memory.Store
	faults  []string
}

func newLedger() *ledger { return &ledger{durable: make(map[string]protocol.Entry)} }

func (l *ledger) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// follow notes all that becomes durable in a store.
func (l *ledger) follow(s *memory.Store) {
	_, err := s.Follow(0, func(a store.Appended) {
		for _, stored := range a.Entries {
			e := parse(stored)
			l.durable[place(a.Topic, &e)] = e
			if a.Topic == textTopic { // a log that was rolled back goes on further down
				l.text = append(l.text[:e.Offset-1], e)
			}
		}
	})
	if err != nil {
		panic(err)
	}
}

func parse(stored []byte) protocol.Entry {
	e, err := protocol.ParseEntry(stored)
	if err != nil {
		panic(err)
	}
	return e
}

func place(topic string, e *protocol.Entry) string {
	return fmt.Sprintf("%s %s %d", topic, e.Term, e.Offset)
}

func content(e *protocol.Entry) string {
	return fmt.Sprintf("%s %d %s %s %d", e.Client, e.Seq, e.Data, e.Eff, e.Time)
}

// check looks whether an entry that was shown is, or was, in the log.
func (l *ledger) check(topic string, e *protocol.Entry) {
	if was, ok := l.durable[place(topic, e)]; !ok || content(&was) != content(e) {
		l.fault("%s: offset %d was shown as %q, but is %q in the log", topic, e.Offset, content(e), content(&was))
	}
}

// acknowledge notes a promise. What it says is in the log must be there now.
func (l *ledger) acknowledge(topic string, p *promise) {
	if p.err != nil {
		return
	}
	l.acked = append(l.acked, p)
	if p.at.Offset != 0 {
		if _, ok := l.durable[place(topic, &protocol.Entry{Offset: p.at.Offset, Term: p.at.Term})]; !ok {
			l.fault("%s: %s was acknowledged at %v, which was never durable", topic, p.data, p.at)
		}
	}
}

// rolledBack says that the log has lost what was promised.
func (l *ledger) rolledBack() { l.acked, l.backup = nil, nil }

// audit compares all that the clients have seen and were told with the log.
func (w *World) audit() {
	for _, topic := range topics {
		log := w.read(topic)
		where := w.ledger.auditLog(topic, log)
		for _, c := range w.clients {
			for _, h := range sortedHandlers(c.handlers) {
				if h.topic == topic && !h.left {
					h.audit(log)
				}
			}
			for _, key := range c.order {
				if p := c.sent[key]; p.topic == topic {
					w.ledger.auditPromise(c, p, where)
				}
			}
		}
		for _, p := range w.ledger.acked {
			if p.topic == topic && where[p.data] == 0 {
				w.ledger.fault("%s: %s was acknowledged and is not in the log", topic, p.data)
			} else if p.topic == topic && p.at.Offset != 0 && where[p.data] != p.at.Offset {
				w.ledger.fault("%s: %s was acknowledged at %d and stands at %d", topic, p.data, p.at.Offset, where[p.data])
			}
		}
	}
}

func (w *World) read(topic string) []protocol.Entry {
	stored, err := w.server.disk.Read(context.Background(), topic, 0, math.MaxInt, math.MaxInt)
	if err != nil {
		panic(err)
	}
	log := make([]protocol.Entry, len(stored))
	for i, s := range stored {
		log[i] = parse(s.Data)
	}
	return log
}

// auditLog looks for entries that stand twice, and for clients whose entries
// are out of order. It returns where each data stands.
func (l *ledger) auditLog(topic string, log []protocol.Entry) map[string]uint64 {
	where := make(map[string]uint64)
	last := make(map[int]int)
	for _, e := range log {
		data := string(e.Data)
		if first, ok := where[data]; ok {
			l.fault("%s: %s stands at %d and at %d", topic, data, first, e.Offset)
		}
		where[data] = e.Offset
		var author, key int
		if _, err := fmt.Sscanf(data, `"%d/%d"`, &author, &key); err != nil {
			l.fault("%s: offset %d holds %s", topic, e.Offset, data)
		}
		if key <= last[author] {
			l.fault("%s: %s stands behind %d", topic, data, last[author])
		}
		last[author] = key
	}
	return where
}

func (h *handler) audit(log []protocol.Entry) {
	if !h.started {
		h.fault("never started")
		return
	}
	if end := h.from + uint64(len(h.seen)); end != uint64(len(log)) {
		h.fault("has seen %d to %d of %d entries", h.from+1, end, len(log))
		return
	}
	for _, e := range h.seen {
		if want := log[e.Offset-1]; e.Term != want.Term || content(&e) != content(&want) {
			h.fault("has seen %q at %d, where the log has %q", content(&e), e.Offset, content(&want))
			return
		}
	}
}

func (l *ledger) auditPromise(c *client, p *promise, where map[string]uint64) {
	if p.settled != 1 {
		l.fault("client %d: %s was settled %d times", c.id, p.data, p.settled)
	}
	if p.err == nil {
		return
	}
	if !p.unsure && where[p.data] != 0 {
		l.fault("client %d: %s failed with %s and stands at %d", c.id, p.data, p.err.Code, where[p.data])
	}
	switch p.err.Code {
	case protocol.Aborted, protocol.Timeout:
	case protocol.TooDeep:
		if !p.deep {
			l.fault("client %d: %s was rejected as too deep", c.id, p.data)
		}
	default:
		l.fault("client %d: %s failed with %s", c.id, p.data, p.err.Code)
	}
}
