package text

import (
	"cmp"
	"slices"
)

// waiting is a change whose causes are looked for, those of its first that are
// known, and whether it was added.
type waiting struct {
	change  change
	parents []lv
	added   bool
}

// admit adds to the history what can follow, and returns the rest. One that
// waits is looked at again when the event has come that it waits for, not with
// every one: however they are ordered, it takes no longer.
func (r *Replica) admit(changes []change) (rest []change, err error) {
	g := &r.history.graph
	limit := g.limit(len(changes))
	all := make([]waiting, len(changes))
	ready := make([]*waiting, len(changes))
	for i := range changes {
		all[i].change, ready[i] = changes[i], &all[i]
	}
	held := make(map[string]map[int][]*waiting) // by agent and seq of the event
	for len(ready) > 0 {
		w := ready[0]
		ready = ready[1:]
		if missing := r.resolve(w); missing != nil {
			if held[missing.agent] == nil {
				held[missing.agent] = make(map[int][]*waiting)
			}
			held[missing.agent][missing.seq] = append(held[missing.agent][missing.seq], w)
			continue
		}
		c := &w.change
		if err := cmp.Or(r.append(c, g.dominators(w.parents)), g.within(limit)); err != nil {
			return nil, err
		}
		w.added = true
		ready = append(ready, wake(held[c.agent], c.seq, c.seq+c.n)...)
	}
	for i := range all {
		if !all[i].added {
			c := all[i].change
			c.content = slices.Clone(c.content) // not all of its update
			rest = append(rest, c)
		}
	}
	return rest, nil
}

// resolve looks for a change's causes, and returns the first that is missing.
func (r *Replica) resolve(w *waiting) *cause {
	for i := len(w.parents); i < len(w.change.parents); i++ {
		c := &w.change.parents[i]
		v, _, known := r.history.agents.event(c.agent, c.seq)
		if !known {
			return c
		}
		w.parents = append(w.parents, v)
	}
	return nil
}

// wake takes out those that wait for an agent's events from one seq on, up to
// another.
func wake(held map[int][]*waiting, from, to int) (woken []*waiting) {
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

// event returns the event that an agent has numbered seq, or false, and of how
// many from there on the same holds.
func (a *agents) event(name string, seq int) (v lv, n int, known bool) {
	i, ok := a.byName[name]
	if !ok {
		return 0, maxEvents, false
	}
	own := a.own[i]
	k, _ := slices.BinarySearchFunc(own, seq+1, func(r agentRun, seq int) int { return cmp.Compare(r.seq, seq) })
	if k > 0 && seq < own[k-1].seq+own[k-1].n {
		r := &own[k-1]
		return r.start + seq - r.seq, r.seq + r.n - seq, true
	}
	if k < len(own) {
		return 0, own[k].seq - seq, false
	}
	return 0, maxEvents, false
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
	for i, op := range c.ops {
		if op.kind != inserted {
			end := c.n
			if i+1 < len(c.ops) {
				end = c.ops[i+1].start
			}
			n += end - op.start
		}
	}
	return n
}

// replay adds n events of a change, from skip on, to a history.
func (c *change) replay(h *history, skip, n int) {
	local := history{ops: c.ops, content: c.content, end: c.n}
	h.copy(&local, span{skip, skip + n})
}
