package hub

import (
	"context"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
)

// passing says whether the cursor is on its way past superseded entries: in a
// namespace with delivery latest, from when it cannot be served from the ring
// until it has come to where the log ended then.
func (c *cursor) passing() bool { return c.next <= c.skipTo || c.skipped > 0 }

// skip reads entries that are the newest of their key. aside says that it read
// none, and that the cursor is woken when the topic knows its keys.
func (c *cursor) skip(ctx context.Context, max int) (frames []byte, aside bool, err error) {
	t := c.topic
	var room [pageEntries]uint64
	t.mu.Lock()
	if t.latest == nil || !t.latest.whole {
		err = t.putAside(c)
		t.mu.Unlock()
		return nil, err == nil, err
	}
	floor := t.latest.floor
	offsets := t.latest.from(room[:0], c.next)
	t.mu.Unlock()
	if c.next < floor {
		frames, err = c.sift(ctx, int(min(pageEntries, floor-c.next)), max)
	} else {
		frames, err = c.pick(ctx, offsets, max)
	}
	return frames, false, err
}

// sift reads the entries that come next, and leaves out those of which a newer
// one is known.
func (c *cursor) sift(ctx context.Context, limit, max int) ([]byte, error) {
	t := c.topic
	entries, err := c.topic.entries(ctx, c.next, limit, max)
	if err != nil {
		return nil, err
	}
	passed := make([]bool, len(entries))
	t.mu.Lock()
	for i, e := range entries {
		passed[i] = t.latest != nil && t.latest.passed(e.Offset, protocol.EntryKey(e.Data))
	}
	t.mu.Unlock()
	var frames []byte
	for i, e := range entries {
		if !passed[i] {
			frames = c.frame(frames, e)
		} else {
			c.skipped++
		}
		c.next = e.Offset + 1
	}
	return frames, nil
}

// pick reads the entries of these offsets.
func (c *cursor) pick(ctx context.Context, offsets []uint64, max int) ([]byte, error) {
	var frames []byte
	for len(offsets) > 0 && len(frames) < max {
		run := 1
		for run < len(offsets) && offsets[run] == offsets[0]+uint64(run) {
			run++
		}
		entries, err := c.topic.entries(ctx, offsets[0], run, max-len(frames))
		if err != nil || len(entries) == 0 {
			return frames, err
		}
		for _, e := range entries {
			c.skipped += e.Offset - c.next
			frames = c.frame(frames, e)
			c.next = e.Offset + 1
		}
		offsets = offsets[len(entries):]
	}
	return frames, nil
}

// frame encodes an entry. To a two-way reader it tells how many were left out
// just before it (rule SUB-8).
func (c *cursor) frame(dst []byte, e store.Entry) []byte {
	stored := e.Data
	if c.skipped > 0 && c.encoding.twoWay() {
		stored = protocol.AppendSkipped(nil, c.skipped, stored)
	}
	c.skipped = 0
	c.fetched++
	return c.topic.hub.config.Encoders[c.encoding.alone()](dst, c.topic.name, stored)
}

// knowledge is what a topic knows of its keys, while some reader has asked.
type knowledge struct {
	latest
	charged int       // bytes counted in Hub.keys
	whole   bool      // it knows the log from its first entry on
	stale   bool      // an entry has lost its key since; learned anew after the next sweep
	lost    []keyed   // entries that lost their key while it was learned
	err     error     // why it is not whole; forgotten by the next sweep
	aside   []*cursor // those that wait for that
}

// putAside lets a cursor wait until the topic knows its keys, or says why it
// does not. The topic's lock is held.
func (t *Topic) putAside(c *cursor) error {
	if t.latest != nil && t.latest.err != nil {
		return t.latest.err
	}
	if t.latest == nil {
		t.latest = &knowledge{latest: *newLatest(t.head+1, latestBytes)}
		first, end := t.first, t.head
		t.hub.scans.push(t.hub, func() { t.learn(first, end) })
	}
	t.latest.aside = append(t.latest.aside, c)
	return nil
}

// learn reads the keys of the entries from first to end, and wakes those that
// wait for them.
func (t *Topic) learn(first, end uint64) {
	older, err := t.scan(t.hub.ctx, first, end)
	t.mu.Lock()
	aside := t.latest.aside
	t.latest.aside = nil
	switch {
	case err != nil:
		t.latest.err = err
	case t.gone:
		t.unlearn()
	default:
		t.latest.learned(older, end)
		t.charge()
	}
	t.mu.Unlock()
	t.hub.writers.push(t.hub, wakeAll(aside))
}

// learned puts what was read, up to end, below what was told since.
func (k *knowledge) learned(older *latest, end uint64) {
	k.join(older, end)
	k.whole = true
	for _, entry := range k.lost {
		k.redacted(entry)
	}
	k.lost = nil
}

// redacted notes that an entry has lost its key: readers that are behind come
// by all that was, up to there, until the log has been read again.
func (k *knowledge) redacted(entry keyed) {
	switch {
	case entry.key == "":
	case !k.whole:
		k.lost = append(k.lost, entry)
	case k.forget(entry.offset, entry.key):
		k.stale = true
	}
}

// charge keeps what all topics know of their keys within its budget. The
// topic's lock is held.
func (t *Topic) charge() {
	k, all := t.latest, &t.hub.keys
	total := all.Add(int64(k.bytes - k.charged))
	k.charged = k.bytes
	if over := int(total) - keysBytes; over > 0 {
		k.shrink(max(k.bytes-over, 0))
		all.Add(int64(k.bytes - k.charged))
		k.charged = k.bytes
	}
}

// unlearn lets go of what the topic knows of its keys. Its lock is held.
func (t *Topic) unlearn() {
	t.hub.keys.Add(-int64(t.latest.charged))
	t.latest = nil
}

func (t *Topic) scan(ctx context.Context, first, end uint64) (*latest, error) {
	l := newLatest(first, latestBytes)
	for next := first; next <= end; {
		entries, err := t.entries(ctx, next, int(min(pageEntries, end-next+1)), pageBytes)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			l.add(e.Offset, protocol.EntryKey(e.Data))
		}
		next += uint64(len(entries))
		if len(entries) == 0 {
			t.mu.Lock()
			next = t.first
			t.mu.Unlock()
		}
	}
	return l, nil
}
