package topic

import (
	"slices"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// twin judges by the letter of the rules PUB, KEY and CLIENT-4: it keeps the
// whole log and every seq's fate for ever, and looks things up by walking.
type twin struct {
	term    string
	log     []twinEntry
	clients map[string]*twinClient
	keys    map[string]twinKey
}

type twinEntry struct {
	term string
	time int64
	data string
}

// twinClient is all that ever happened to one client's seqs.
type twinClient struct {
	offsets map[uint64]int // of accepted seqs
	void    map[uint64]bool
	run     uint64
	last    time.Time
}

type twinKey struct {
	offset int
	body   [32]byte
	time   time.Time
}

func newTwin(term string) *twin {
	return &twin{term: term, clients: make(map[string]*twinClient), keys: make(map[string]twinKey)}
}

func (w *twin) clone() *twin {
	c := newTwin(w.term)
	c.log = slices.Clone(w.log)
	for id, client := range w.clients {
		own := &twinClient{offsets: make(map[uint64]int), void: make(map[uint64]bool), run: client.run, last: client.last}
		for seq, o := range client.offsets {
			own.offsets[seq] = o
		}
		for seq := range client.void {
			own.void[seq] = true
		}
		c.clients[id] = own
	}
	for k, v := range w.keys {
		c.keys[k] = v
	}
	return c
}

// settled says whether seq is accepted or void.
func (c *twinClient) settled(seq uint64) bool {
	_, accepted := c.offsets[seq]
	return accepted || c.void[seq]
}

func (c *twinClient) highest() uint64 {
	highest := uint64(0)
	for seq := range c.offsets {
		highest = max(highest, seq)
	}
	return highest
}

func (w *twin) append(now time.Time, c *Command) Verdict {
	at := now.UnixMilli()
	for _, e := range w.log {
		at = max(at, e.time)
	}
	w.log = append(w.log, twinEntry{term: w.term, time: at, data: string(c.Data)})
	return Verdict{Kind: Accepted, Offset: uint64(len(w.log)), Term: w.term}
}

func (w *twin) repeated(offset int) Verdict {
	return Verdict{Kind: Repeated, Offset: uint64(offset), Term: w.log[offset-1].term}
}

func (w *twin) judge(now time.Time, connected uint64, c *Command) Verdict {
	switch {
	case c.Client != "":
		return w.judgeClient(now, connected, c)
	case c.Key != "":
		return w.judgeKey(now, c)
	case c.Denied != nil:
		return w.denied(c.Denied)
	}
	return w.append(now, c)
}

func (w *twin) denied(err *protocol.Error) Verdict {
	if err.Retryable {
		return Verdict{Kind: Refused, Err: err}
	}
	return Verdict{Kind: Rejected, Err: err}
}

func (w *twin) judgeClient(now time.Time, connected uint64, c *Command) Verdict {
	client := w.clients[c.Client]
	if client != nil && now.Sub(client.last) > 30*24*time.Hour { // CLIENT-4
		client = nil
	}
	if client == nil {
		client = &twinClient{offsets: make(map[uint64]int), void: make(map[uint64]bool)}
	}
	if c.Run < connected || c.Run < client.run { // PUB-9
		return Verdict{Kind: Refused, Err: protocol.Errorf(protocol.StaleRun, "")}
	}
	highest := client.highest()
	if c.Seq <= highest && highest-c.Seq >= 64 { // PUB-5, of the accepted ones
		return Verdict{Kind: Repeated}
	}
	if offset, ok := client.offsets[c.Seq]; ok { // PUB-5
		return w.repeated(offset)
	}
	if client.void[c.Seq] { // PUB-7
		return Verdict{Kind: Rejected, Err: protocol.Errorf(protocol.Rejected, "")}
	}
	if highest == 0 && now.Sub(c.Born) > 30*24*time.Hour { // CLIENT-4
		return Verdict{Kind: Rejected, Err: protocol.Errorf(protocol.ClientExpired, "")}
	}
	if c.Denied != nil {
		return w.denied(c.Denied)
	}
	voided := func(seq uint64) bool {
		return slices.ContainsFunc(c.Voids, func(r protocol.Range) bool { return r[0] <= seq && seq <= r[1] })
	}
	for seq := uint64(1); seq < c.Seq; seq++ { // PUB-4
		if !client.settled(seq) && !voided(seq) {
			return Verdict{Kind: Gap, Expected: seq}
		}
	}
	for seq := uint64(1); seq < c.Seq; seq++ { // PUB-7
		if !client.settled(seq) {
			client.void[seq] = true
		}
	}
	v := w.append(now, c)
	client.offsets[c.Seq] = int(v.Offset)
	client.run = max(client.run, c.Run)
	client.last = time.Unix(now.Unix(), 0)
	w.clients[c.Client] = client
	return v
}

func (w *twin) judgeKey(now time.Time, c *Command) Verdict {
	if k, ok := w.keys[c.Key]; ok && now.Sub(k.time) <= 24*time.Hour { // KEY-1
		if k.body != c.Body {
			return Verdict{Kind: Rejected, Err: protocol.Errorf(protocol.IdempotencyConflict, "")}
		}
		return w.repeated(k.offset)
	}
	if c.Denied != nil {
		return w.denied(c.Denied)
	}
	v := w.append(now, c)
	w.keys[c.Key] = twinKey{offset: int(v.Offset), body: c.Body, time: time.Unix(now.Unix(), 0)}
	return v
}
