package text

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"unicode/utf8"
)

// An update is, in this order: its magic; the names of agents; changes, each its
// agent, seq, parents and runs of ops; all that they insert; and a CRC-32 (IEEE)
// of all before it. Numbers are varints as of encoding/binary.

const (
	updateMagic = "txu\x01"
	// maxUpdateEvents is how many events an update has at most. They take memory
	// that its length does not bound: a few bytes delete a whole text.
	maxUpdateEvents = 1 << 24
)

// appendUpdate appends the update of these events to b.
func (h *history) appendUpdate(b []byte, spans []span) []byte {
	names := make(map[int]int)
	var order []int
	name := func(agent int) uint64 {
		i, ok := names[agent]
		if !ok {
			i = len(order)
			names[agent] = i
			order = append(order, agent)
		}
		return uint64(i)
	}
	var changes, content []byte
	count, before, next := 0, -1, make(map[int]int)
	for _, s := range spans {
		for s.start < s.end {
			part := h.graph.stretch(s.start, s.end)
			agent, seq := h.agents.of(part.start)
			part.end = min(part.end, h.agents.end(part.start))
			changes = binary.AppendUvarint(changes, name(agent))
			changes = binary.AppendVarint(changes, int64(seq-next[agent]))
			next[agent] = seq + part.end - part.start
			if parents := h.graph.parents(part.start); len(parents) == 1 && parents[0] == before {
				changes = binary.AppendUvarint(changes, 0)
			} else {
				changes = binary.AppendUvarint(changes, uint64(len(parents))+1)
				for _, p := range parents {
					agent, seq := h.agents.of(p)
					changes = binary.AppendUvarint(changes, name(agent))
					changes = binary.AppendUvarint(changes, uint64(seq))
				}
			}
			var ops []byte
			n, at := 0, 0
			h.each(part, func(i int, v lv, position, events int) {
				n++
				kind := h.ops[i].kind
				ops = binary.AppendUvarint(ops, uint64(events)<<2|uint64(kind))
				ops = binary.AppendVarint(ops, int64(position-at))
				at = position
				if kind == inserted {
					content = append(content, h.text(i, v-h.ops[i].start, events)...)
					at += events
				}
			})
			changes = append(binary.AppendUvarint(changes, uint64(n)), ops...)
			count, before, s.start = count+1, part.end-1, part.end
		}
	}
	start := len(b)
	b = append(b, updateMagic...)
	b = binary.AppendUvarint(b, uint64(len(order)))
	for _, agent := range order {
		b = binary.AppendUvarint(b, uint64(len(h.agents.names[agent])))
		b = append(b, h.agents.names[agent]...)
	}
	b = binary.AppendUvarint(b, uint64(count))
	b = append(append(b, changes...), content...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// end is where the run of an event ends that is one agent's.
func (a *agents) end(v lv) lv {
	r := &a.runs[a.run(v)]
	return r.start + r.n
}

// reader reads numbers and texts from bytes that may be damaged.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) number(most uint64) int {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > most {
		r.bad = true
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) signed() int {
	v, n := binary.Varint(r.data)
	if n <= 0 || v > math.MaxInt32 || v < math.MinInt32 {
		r.bad = true
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) text(n int) string {
	if n > len(r.data) {
		r.bad = true
		r.data = nil
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

// skip passes over so many code points.
func (r *reader) skip(n int) {
	for range n {
		c, w := utf8.DecodeRune(r.data)
		if c == utf8.RuneError && w < 2 {
			r.bad, r.data = true, nil
			return
		}
		r.data = r.data[w:]
	}
}

// decodeUpdate reads an update: bad_update if it is none.
func decodeUpdate(data []byte) ([]change, error) {
	body := len(data) - crc32.Size
	if body < len(updateMagic) || string(data[:3]) != updateMagic[:3] {
		return nil, fail(BadUpdate, "It is no update of a text.")
	}
	if data[3] != updateMagic[3] {
		return nil, fail(BadUpdate, "The update is of another version.")
	}
	if crc32.ChecksumIEEE(data[:body]) != binary.LittleEndian.Uint32(data[body:]) {
		return nil, fail(BadUpdate, "The update is damaged.")
	}
	r := &reader{data: data[len(updateMagic):body]}
	names := make([]string, 0, 8)
	for range r.number(uint64(len(r.data))) {
		name := r.text(r.number(MaxAgentBytes))
		if r.bad {
			break
		}
		if err := checkAgent(name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	agent := func() string {
		if i := r.number(math.MaxInt32); i < len(names) {
			return names[i]
		}
		r.bad = true
		return ""
	}
	var changes []change
	events, next := 0, make(map[string]int)
	for i := range r.number(uint64(len(r.data))) {
		c := change{agent: agent()}
		c.seq = next[c.agent] + r.signed()
		if k := r.number(uint64(len(r.data))); k == 0 && i > 0 {
			before := &changes[i-1]
			c.parents = []cause{{before.agent, before.seq + before.n - 1}}
		} else {
			for range k - 1 {
				c.parents = append(c.parents, cause{agent(), r.number(maxEvents)})
			}
			r.bad = r.bad || k == 0
		}
		at := 0
		for range r.number(uint64(len(r.data))) {
			n := r.number(maxEvents << 2)
			op := opRun{start: c.n, kind: kind(n & 3)}
			n >>= 2
			at += r.signed()
			op.at = int32(at)
			if n == 0 || op.kind > erased || at < 0 || at > MaxLength || r.bad {
				r.bad = true
				break
			}
			if op.kind == inserted {
				at += n
			}
			c.n += n
			c.ops = append(c.ops, op)
			if events += n; events > maxUpdateEvents {
				return nil, fail(LimitExceeded, "The update has too many events.")
			}
		}
		if r.bad || c.n == 0 || c.seq < 0 || c.seq > maxEvents-c.n {
			return nil, fail(BadUpdate, "The update is damaged.")
		}
		next[c.agent] = c.seq + c.n
		changes = append(changes, c)
	}
	all := slices.Clone(r.data)
	for i := range changes {
		c := &changes[i]
		start := len(all) - len(r.data)
		for k := range c.ops {
			c.ops[k].content = len(all) - len(r.data) - start
			if c.ops[k].kind == inserted {
				n := c.n - c.ops[k].start
				if k+1 < len(c.ops) {
					n = c.ops[k+1].start - c.ops[k].start
				}
				r.skip(n)
			}
		}
		if r.bad {
			break
		}
		c.content = all[start : len(all)-len(r.data)]
	}
	if r.bad || len(r.data) > 0 {
		return nil, fail(BadUpdate, "The update is damaged.")
	}
	return changes, nil
}
