package text

import (
	"fmt"
	"slices"
	"sort"
)

// heads are the events of a version that no other of it follows: bad_operation
// if the replica lacks some of it, or it lacks causes of its own.
func (r *Replica) heads(v Version) ([]lv, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	h := &r.history
	var last []lv
	count := 0
	for agent, ranges := range v {
		for _, known := range ranges {
			for seq := known[0]; seq < known[1]; {
				event, n, ok := h.agents.event(agent, seq)
				if !ok {
					return nil, fail(BadOperation, fmt.Sprintf("Event %d of the agent %.40q is not known.", seq, agent))
				}
				n = min(n, known[1]-seq)
				count += n
				seq += n
				for event < h.end && n > 0 { // each stretch, as others may follow its middle
					s := h.graph.stretch(event, event+n)
					last = append(last, s.end-1)
					n -= s.end - event
					event = s.end
				}
			}
		}
	}
	heads := h.graph.dominators(last)
	for _, s := range h.past(heads) {
		count -= s.end - s.start
	}
	if count != 0 {
		return nil, fail(BadOperation, "It is no version: it lacks what some of its events follow.")
	}
	return heads, nil
}

// past are the events of a version: spans, the earliest first.
func (h *history) past(version []lv) []span {
	_, spans := h.graph.compare(nil, version)
	slices.Reverse(spans)
	return join(spans)
}

// At returns the text as it was at a version.
func (r *Replica) At(v Version) (string, error) {
	heads, err := r.heads(v)
	if err != nil {
		return "", err
	}
	h := r.history.only(r.history.past(heads))
	text := newRope("")
	if _, err := h.walk(nil, 0, 0, &nearby{}, text.edit); err != nil {
		return "", err
	}
	return text.String(), nil
}

// edit makes a change.
func (r *rope) edit(e edit) {
	if e.n > 0 {
		r.remove(e.at, e.n)
	} else {
		r.insert(e.at, e.text, sizeOf(e.text))
	}
}

// only is a history of some of the events, with all that they follow.
func (h *history) only(spans []span) *history {
	part := &history{}
	before := make([]int, len(spans)) // events of the spans before each
	for i := 1; i < len(spans); i++ {
		before[i] = before[i-1] + spans[i-1].end - spans[i-1].start
	}
	moved := func(v lv) lv {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].start > v }) - 1
		return before[i] + v - spans[i].start
	}
	for _, s := range spans {
		for s.start < s.end {
			piece := h.graph.stretch(s.start, s.end)
			piece.end = min(piece.end, h.agents.end(piece.start))
			var parents []lv
			for _, p := range h.graph.parents(piece.start) {
				parents = append(parents, moved(p))
			}
			start := part.end
			part.graph.add(start, parents)
			part.copy(h, piece)
			agent, seq := h.agents.of(piece.start)
			part.agents.add(start, part.agents.named(h.agents.names[agent]), seq, part.end-start)
			s.start = piece.end
		}
	}
	return part
}

// replay returns a walker that has applied all events, at the replica's version.
// It is kept, and goes on from where it was. limit_exceeded if that would take too
// many steps at once.
func (r *Replica) replay() (*walker, error) {
	h := &r.history
	if r.whole == nil {
		r.whole = newWalker(h, -1)
	}
	w := r.whole
	if err := w.reach(h.end, nil); err != nil {
		r.whole = nil
		return nil, err
	}
	w.visit(r.version)
	return w, nil
}

// Diff returns the operation that makes the text of one version into that of
// another.
func (r *Replica) Diff(from, to Version) (Op, error) {
	a, err := r.heads(from)
	if err != nil {
		return nil, err
	}
	b, err := r.heads(to)
	if err != nil {
		return nil, err
	}
	w, err := r.replay()
	if err != nil {
		return nil, err
	}
	w.visit(a)
	there := make([]bool, r.history.end)
	w.tracker.each(func(p *piece) {
		for k := range p.prepared() {
			there[p.id+k] = true
		}
	})
	w.visit(b)
	var op Op
	at := 0
	w.tracker.each(func(p *piece) {
		for k := int32(0); k < p.n; {
			n := k + 1
			for n < p.n && there[p.id+n] == there[p.id+k] {
				n++
			}
			v, count := lv(p.id+k), int(n-k)
			switch was, is := there[v], p.state == 1; {
			case was && !is:
				op = op.with(edit{at: at, n: count})
			case is && !was:
				op = op.with(edit{at: at, text: r.history.written(v, count)})
			}
			if p.state == 1 {
				at += count
			}
			k = n
		}
	})
	return op, nil
}

// written is what n events inserted, which may be of several runs.
func (h *history) written(v lv, n int) string {
	text := ""
	h.each(span{v, v + n}, func(i int, v lv, _, n int) { text += h.text(i, v-h.ops[i].start, n) })
	return text
}

// Authorship is a run of the text that an agent wrote in one go.
type Authorship struct {
	At, Len int
	Agent   string
	Seq     int // of the event that inserted the first code point
}

// Blame returns who wrote the text, from its beginning to its end. When that was
// is for the log to say that the events came by.
func (r *Replica) Blame() ([]Authorship, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	w, err := r.replay()
	if err != nil {
		return nil, err
	}
	var runs []Authorship
	at := 0
	agents := &r.history.agents
	w.tracker.each(func(p *piece) {
		for v, end := lv(p.id), lv(p.id)+lv(p.prepared()); v < end; {
			run := &agents.runs[agents.run(v)]
			n := min(end, run.start+run.n) - v
			agent, seq := agents.names[run.agent], run.seq+v-run.start
			if last := len(runs) - 1; last >= 0 && runs[last].Agent == agent && runs[last].Seq+runs[last].Len == seq {
				runs[last].Len += n
			} else {
				runs = append(runs, Authorship{at, n, agent, seq})
			}
			at += n
			v += n
		}
	})
	return runs, nil
}

// Anchor is a place in a text that stays with the code point beside it, whatever
// is written or deleted before it, and also when that code point is deleted. The
// zero Anchor is the beginning of the text.
type Anchor struct {
	Agent string `json:"agent,omitempty"` // empty: the beginning, or with Before the end
	Seq   int    `json:"seq,omitempty"`
	// Before: it is in front of the code point, else behind it.
	Before bool `json:"before,omitempty"`
}

// Anchor returns one for a position: with Left it stays behind the code point in
// front of it, with Right in front of the one behind it.
func (r *Replica) Anchor(at int, side Side) (Anchor, error) {
	if at < 0 || at > r.Len() {
		return Anchor{}, fail(BadOperation, fmt.Sprintf("Position %d is not within a text of %d code points.", at, r.Len()))
	}
	if side == Left && at == 0 || side == Right && at == r.Len() {
		return Anchor{Before: side == Right}, nil
	}
	if err := r.load(); err != nil {
		return Anchor{}, err
	}
	w, err := r.replay()
	if err != nil {
		return Anchor{}, err
	}
	if side == Left {
		at--
	}
	c, _ := w.tracker.seek(at)
	agent, seq := r.history.agents.of(lv(w.tracker.piece(c).id + c.offset))
	return Anchor{r.history.agents.names[agent], seq, side == Right}, nil
}

// Position returns where an anchor is now: bad_operation if its code point is not
// known here.
func (r *Replica) Position(a Anchor) (int, error) {
	if a.Agent == "" {
		if a.Before {
			return r.Len(), nil
		}
		return 0, nil
	}
	if err := r.load(); err != nil {
		return 0, err
	}
	v, _, ok := r.history.agents.event(a.Agent, a.Seq)
	if !ok || r.history.ops[r.history.opsFrom(v)].kind != inserted {
		return 0, fail(BadOperation, "The anchor's code point is not known here.")
	}
	w, err := r.replay()
	if err != nil {
		return 0, err
	}
	c := w.tracker.find(id(v))
	at := w.tracker.effective(c)
	if !a.Before && !w.tracker.piece(c).gone {
		at++
	}
	return at, nil
}
