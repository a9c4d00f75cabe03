package text

import "slices"

// waiting is a change whose causes are looked for, and those of its first that are
// known.
type waiting struct {
	change  int
	parents []lv
}

// held are those that wait, by the agent and the seq of the event.
type held map[string]map[int][]waiting

func (h held) add(w waiting, missing *cause) {
	if h[missing.agent] == nil {
		h[missing.agent] = make(map[int][]waiting)
	}
	h[missing.agent][missing.seq] = append(h[missing.agent][missing.seq], w)
}

// admit adds to the history what can follow, and returns the rest. One that
// waits is looked at again when the event has come that it waits for, not with
// every one: however they are ordered, it takes no longer.
func (r *Replica) admit(changes []change) (rest []change, err error) {
	g := &r.history.graph
	limit := g.limit(len(changes))
	r.history.grow(changes)
	var (
		parents []lv // of the one that is tried, until it must wait
		woken   []waiting
		added   = make([]bool, len(changes))
		held    = make(held)
	)
	try := func(w waiting) error {
		c := &changes[w.change]
		known := w.parents
		if known == nil {
			known = parents[:0]
		}
		known, missing := r.resolve(c, known)
		if w.parents == nil {
			parents = known
		}
		if missing != nil {
			if w.parents == nil {
				known = slices.Clone(known)
			}
			held.add(waiting{w.change, known}, missing)
			return nil
		}
		added[w.change] = true
		if err := r.append(c, g.dominators(known)); err != nil {
			return err
		}
		woken = append(woken, wake(held[c.agent], c.seq, c.seq+c.n)...)
		return g.within(limit)
	}
	for i := range changes {
		if err := try(waiting{change: i}); err != nil {
			return nil, err
		}
	}
	for len(woken) > 0 {
		w := woken[0]
		woken = woken[1:]
		if err := try(w); err != nil {
			return nil, err
		}
	}
	for i := range changes {
		if !added[i] {
			rest = append(rest, changes[i].clone())
		}
	}
	return rest, nil
}

// grow makes room for changes.
func (h *history) grow(changes []change) {
	ops, content := 0, 0
	for i := range changes {
		ops += len(changes[i].ops)
		content += len(changes[i].content)
	}
	h.graph.runs = slices.Grow(h.graph.runs, len(changes))
	h.agents.runs = slices.Grow(h.agents.runs, len(changes))
	h.ops = slices.Grow(h.ops, ops)
	h.content = slices.Grow(h.content, content)
}

// clone returns a change that does not hold all of its update.
func (c *change) clone() change {
	own := *c
	own.parents, own.ops, own.content = slices.Clone(c.parents), slices.Clone(c.ops), slices.Clone(c.content)
	return own
}

// resolve looks for those of a change's causes that are not in known yet, and
// returns it with them, and the first that is missing.
func (r *Replica) resolve(c *change, known []lv) ([]lv, *cause) {
	for i := len(known); i < len(c.parents); i++ {
		p := &c.parents[i]
		v, _, ok := r.history.agents.event(p.agent, p.seq)
		if !ok {
			return known, p
		}
		known = append(known, v)
	}
	return known, nil
}

// wake takes out those that wait for an agent's events from one seq on, up to
// another.
func wake(held map[int][]waiting, from, to int) (woken []waiting) {
	if len(held) == 0 {
		return nil
	}
	if to-from < len(held) {
		for seq := from; seq < to; seq++ {
			woken = append(woken, held[seq]...)
			delete(held, seq)
		}
		return woken
	}
	seqs := make([]int, 0, len(held))
	for seq := range held {
		if seq >= from && seq < to {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	for _, seq := range seqs {
		woken = append(woken, held[seq]...)
		delete(held, seq)
	}
	return woken
}

// append adds those events of a change that are new.
func (r *Replica) append(c *change, parents []lv) error {
	h := &r.history
	if c.deletes() > len(h.content)+len(c.content) {
		return fail(BadUpdate, "More is deleted than there is.")
	}
	for skip := 0; skip < c.n; {
		v, n, known := h.agents.event(c.agent, c.seq+skip)
		n = min(n, c.n-skip)
		if known {
			parents = []lv{v + n - 1}
			skip += n
			continue
		}
		if c.agent == r.Agent() && c.seq+skip+n > h.agents.next(r.agent) {
			return fail(AgentReused, "Another replica writes under the name of this one.")
		}
		if n > maxEvents-h.end {
			return fail(LimitExceeded, "The text's history has no room for more.")
		}
		start := h.end
		h.graph.add(start, parents)
		c.replay(h, skip, n)
		h.agents.add(start, h.agents.named(c.agent), c.seq+skip, n)
		parents = []lv{h.end - 1}
		skip += n
	}
	return nil
}

// deletes is how many of a change's events delete.
func (c *change) deletes() (n int) {
	for i := range c.ops {
		if c.ops[i].kind != inserted {
			n += c.opsEnd(i) - c.ops[i].start
		}
	}
	return n
}

// replay adds n events of a change, from skip on, to a history.
func (c *change) replay(h *history, skip, n int) {
	local := history{ops: c.ops, content: c.content, end: c.n}
	h.copy(&local, span{skip, skip + n})
}
