package text

import "unicode/utf8"

// history is every event of a text: what it did, what it follows, and whose it
// is, each in columns of runs.
type history struct {
	graph   graph
	agents  agents
	ops     []opRun
	finger  int    // the run of ops that was found last
	content []byte // all that was ever inserted, in the order of events
	end     lv     // the number of events
	before  int    // code points that the text has before all of them
}

type kind uint8

const (
	inserted kind = iota
	deleted       // forwards, each at the same position
	erased        // backwards, each in front of the one before
)

// opRun are the events from start on, up to the next run's: code points inserted
// one behind the other, or deleted one after the other. at is the position of
// the first inserted, or of the lowest deleted, at the version of the first, and
// length how many code points the text has there, which is known once they were
// walked.
type opRun struct {
	start   lv
	at      int32
	length  int32
	kind    kind
	content int // where what they inserted begins
}

// opsFrom is the index of the run of an event.
func (h *history) opsFrom(v lv) int {
	last := len(h.ops) - 1
	if last < 1 || h.ops[last].start <= v {
		return last
	}
	i := min(h.finger, last-1)
	for k := 0; k < reach && h.ops[i].start > v; k++ {
		i--
	}
	for k := 0; k < reach && h.ops[i+1].start <= v; k++ {
		i++
	}
	if h.ops[i].start > v || h.ops[i+1].start <= v {
		low, high := 0, last
		for low+1 < high {
			if middle := (low + high) / 2; h.ops[middle].start <= v {
				low = middle
			} else {
				high = middle
			}
		}
		i = low
	}
	h.finger = i
	return i
}

// opsEnd is where a run ends.
func (h *history) opsEnd(i int) lv {
	if i+1 < len(h.ops) {
		return h.ops[i+1].start
	}
	return h.end
}

// insert adds events that inserted text, of n code points.
func (h *history) insert(at int, text string, n int) {
	h.write(at, n)
	h.content = append(h.content, text...)
}

// write adds events that inserted n code points, which come into content next.
func (h *history) write(at, n int) {
	last := len(h.ops) - 1
	if last < 0 || h.ops[last].kind != inserted || int(h.ops[last].at)+h.end-h.ops[last].start != at || !h.follows(h.ops[last].start) {
		h.ops = append(h.ops, opRun{start: h.end, at: int32(at), length: -1, kind: inserted, content: len(h.content)})
	}
	h.end += n
}

// follows says whether the next event follows the run of ops that begins there
// without a branch. The graph must have the event already.
func (h *history) follows(start lv) bool {
	last := len(h.graph.runs) - 1
	return h.graph.runs[last].start <= start
}

// remove adds events that deleted n code points.
func (h *history) remove(at, n int) {
	if last := len(h.ops) - 1; last >= 0 && h.follows(h.ops[last].start) {
		r := &h.ops[last]
		length := h.end - r.start
		switch {
		case r.kind == deleted && int(r.at) == at:
			h.end += n
			return
		case n == 1 && (r.kind == erased || r.kind == deleted && length == 1) && int(r.at)-1 == at:
			r.kind, r.at = erased, int32(at)
			h.end += n
			return
		}
	}
	h.ops = append(h.ops, opRun{start: h.end, at: int32(at), length: -1, kind: deleted, content: len(h.content)})
	h.end += n
}

// erase adds events that deleted n code points backwards, the lowest of them at
// a position.
func (h *history) erase(at, n int) {
	for at += n - 1; n > 0; n-- {
		h.remove(at, 1)
		at--
	}
}

// length is how many code points the text has at an event's version, which was
// walked.
func (h *history) length(v lv) int {
	if v < 0 {
		return h.before
	}
	r := &h.ops[h.opsFrom(v)]
	if n := v + 1 - r.start; r.kind == inserted {
		return int(r.length) + n
	} else {
		return int(r.length) - n
	}
}

// text is what n events of a run inserted, from skip on.
func (h *history) text(i, skip, n int) string { return string(h.bytes(i, skip, n)) }

// bytes is the same, as it stands in the content.
func (h *history) bytes(i, skip, n int) []byte {
	from, to := h.ops[i].content, len(h.content)
	if i+1 < len(h.ops) {
		to = h.ops[i+1].content
	}
	all := h.content[from:to]
	if len(all) == h.opsEnd(i)-h.ops[i].start {
		return all[skip : skip+n]
	}
	start := 0
	for ; skip > 0; skip-- {
		_, w := utf8.DecodeRune(all[start:])
		start += w
	}
	end := start
	for ; n > 0; n-- {
		_, w := utf8.DecodeRune(all[end:])
		end += w
	}
	return all[start:end]
}

// copy adds events of another history, as they are there. The graph must have them
// already.
func (h *history) copy(from *history, s span) {
	from.each(s, func(i int, v lv, at, n int) {
		switch from.ops[i].kind {
		case inserted:
			h.write(at, n)
			h.content = append(h.content, from.bytes(i, v-from.ops[i].start, n)...)
		case deleted:
			h.remove(at, n)
		default:
			h.erase(at, n)
		}
	})
}

// mark is where a history stands.
type mark struct {
	end, graph, steps, ops, content, names int

	lastKind kind
	lastAt   int32
}

func (h *history) mark() mark {
	m := mark{end: h.end, graph: len(h.graph.runs), steps: h.graph.steps, ops: len(h.ops), content: len(h.content), names: len(h.agents.names)}
	if m.ops > 0 {
		m.lastKind, m.lastAt = h.ops[m.ops-1].kind, h.ops[m.ops-1].at
	}
	return m
}

// truncate takes back what was added since a mark.
func (h *history) truncate(m mark) {
	h.end, h.graph.runs, h.ops, h.content = m.end, h.graph.runs[:m.graph], h.ops[:m.ops], h.content[:m.content]
	h.graph.steps = m.steps
	h.agents.truncate(m.end, m.names)
	if m.ops > 0 {
		h.ops[m.ops-1].kind, h.ops[m.ops-1].at = m.lastKind, m.lastAt
	}
}
