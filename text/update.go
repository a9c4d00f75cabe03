package text

import (
	"encoding/binary"
	"hash/crc32"
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
