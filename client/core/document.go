package core

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// coming is a snapshot that the server has announced. Until it is there no
// entry comes, and nothing else is requested of the topic.
type coming struct {
	request   *request // that it answers; nil: nobody asked
	moved     bool     // the subscription was moved: the snapshot is for all that read the document
	recovered bool
}

// await waits for a snapshot: as the answer to a request or, if that is nil,
// since the subscription was moved. Then it is for all who read the document,
// and who reads entries is told by another request where to go on.
func (s *subscription) await(r *request, recovered bool) {
	next := &coming{request: r, moved: r == nil, recovered: recovered}
	if next.moved {
		if s.coming != nil {
			next.request = s.coming.request
		}
		for _, h := range s.handlers {
			h.live = false
		}
	}
	s.live, s.coming = false, next
}

// snapshot takes a document as it is at a place, in place of the entries up to
// there. One that nobody announced may be before no place that was told.
func (c *Core) snapshot(m *protocol.Snapshot) {
	s := c.subscriptions.byTopic[m.Topic]
	if s == nil || s.coming == nil && (!s.live || !s.document) {
		return
	}
	if s.coming == nil && m.Offset < s.at.Offset {
		c.shut()
		c.end(nil, endFair)
		return
	}
	c.tellSnapshot(s, m)
	c.request(s)
	c.sendTopic(m.Topic)
}

func (c *Core) tellSnapshot(s *subscription, m *protocol.Snapshot) {
	p := protocol.Position{Term: m.Term, Offset: m.Offset}
	announced, asked := s.coming, func(*handler) bool { return false }
	if announced == nil {
		announced = &coming{}
	}
	if announced.request != nil {
		asked = s.asked(announced.request)
	}
	if announced.moved {
		s.newest = p
	}
	s.stand(p)
	told := make([]bool, len(s.handlers))
	for i, h := range s.handlers {
		told[i] = asked(h) || announced.moved && h.started
	}
	for i, h := range s.handlers {
		if h.doc == "" || !told[i] && (!h.live || h.position.Offset >= p.Offset) {
			continue
		}
		recovered := !told[i] || announced.recovered
		if o := c.outboxes.byTopic[s.topic]; o != nil {
			c.hold(o, m.Seqs, recovered)
			c.follow(o, p.Offset, recovered)
			c.amends(o)
		}
		h.started, h.live, h.position = true, true, p
		c.emit(Snapshot{Handler: h.id, Position: p, Seqs: m.Seqs, Cells: m.Cells, Recovered: recovered})
	}
}

// documentOpen says whether a topic was opened as a document on this
// connection, so that operations can be sent (rule DOC-20).
func (c *Core) documentOpen(topic string) bool {
	s := c.subscriptions.byTopic[topic]
	if s == nil {
		return false
	}
	for _, h := range s.handlers {
		if h.doc != "" && h.live {
			return true
		}
	}
	return false
}

// logged notes that an entry of this client is in the log.
func (c *Core) logged(topic, client string, seq uint64) {
	o := c.outboxes.byTopic[topic]
	if o == nil || client == "" || client != c.client {
		return
	}
	for _, e := range o.entries {
		if e.seq == seq {
			e.logged = e.moves
		}
		if e.seq == 0 || e.seq >= seq { // seqs ascend
			return
		}
	}
}

// hold notes what a snapshot holds by its seqs. If the log before is lost, it takes
// out what stood in that, and was not answered: the document does not say it anew
// (rule DOC-38).
func (c *Core) hold(o *outbox, seqs []protocol.ClientSeq, recovered bool) {
	held := uint64(0)
	for _, s := range seqs {
		if s.Client == c.client {
			held = s.Seq
		}
	}
	for _, e := range slices.Clone(o.entries) {
		switch {
		case e.seq > 0 && e.seq <= held:
			e.logged = e.moves
		case e.logged && !recovered:
			c.void(o, o.voids.add(e.seq, e.seq))
			c.outboxes.remove(o, e)
			c.settle(e, protocol.Errorf(protocol.PositionLost, ""), false)
		}
	}
}

// follow takes away the bases that are above a snapshot, or all if the log is
// lost: nothing is known of what the operations' authors had seen of the new one
// (rule DOC-19).
func (c *Core) follow(o *outbox, newest uint64, recovered bool) {
	if !recovered {
		newest, o.taken = 0, 0
	}
	for _, e := range o.entries {
		if e.base != nil && *e.base > newest {
			e.base = new(uint64)
			c.ledger.note(e)
		}
	}
}

// sendTopic sends what a topic's outbox may send, now that its document may be
// open.
func (c *Core) sendTopic(topic string) {
	if o := c.outboxes.byTopic[topic]; o != nil {
		o.awaited = o.awaited && !c.documentOpen(topic)
		c.sendEntries(o)
	}
}
