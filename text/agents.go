package text

import (
	"cmp"
	"slices"
)

// agents is whose each event is: the runs of all, and those of each agent.
type agents struct {
	names  []string
	byName map[string]int
	recent int // the number that was looked for last
	runs   []agentRun
	own    []blocks[agentRun] // of each, by seq
}

// agentRun are the events from start on, up to the next run's, which are an
// agent's from seq on.
type agentRun struct {
	start lv
	agent int
	seq   int
	n     int
}

// number is that of a name, if it has one.
func (a *agents) number(name string) (i int, ok bool) {
	if a.recent < len(a.names) && a.names[a.recent] == name {
		return a.recent, true
	}
	if i, ok = a.byName[name]; ok {
		a.recent = i
	}
	return i, ok
}

// named is the number that a name has from now on.
func (a *agents) named(name string) int {
	if i, ok := a.number(name); ok {
		return i
	}
	if a.byName == nil {
		a.byName = make(map[string]int)
	}
	a.byName[name] = len(a.names)
	a.names, a.own = append(a.names, name), append(a.own, blocks[agentRun]{})
	return len(a.names) - 1
}

// add says whose n events from start on are, the next ones.
func (a *agents) add(start lv, agent, seq, n int) {
	own := &a.own[agent]
	if last := len(a.runs) - 1; last >= 0 {
		if r := &a.runs[last]; r.agent == agent && r.seq+r.n == seq {
			r.n += n
			own.before(behind(own, r.seq)).n += n
			return
		}
	}
	r := agentRun{start, agent, seq, n}
	a.runs = append(a.runs, r)
	own.insert(behind(own, seq), r)
}

// behind is the place of the first of an agent's runs that begins behind a seq,
// which is mostly that of one of the last.
func behind(own *blocks[agentRun], seq int) slot {
	if n := len(own.list); n > 0 {
		block := own.list[n-1]
		i := len(block)
		for k := 0; k < reach && i > 0 && block[i-1].seq > seq; k++ {
			i--
		}
		if i > 0 && block[i-1].seq <= seq {
			return slot{n - 1, i}
		}
	}
	return own.first(func(r *agentRun) bool { return r.seq > seq })
}

// run is the index of the run of an event.
func (a *agents) run(v lv) int {
	i, found := slices.BinarySearchFunc(a.runs, v, func(r agentRun, v lv) int { return cmp.Compare(r.start, v) })
	if !found {
		i--
	}
	return i
}

// of returns whose an event is.
func (a *agents) of(v lv) (agent, seq int) {
	r := &a.runs[a.run(v)]
	return r.agent, r.seq + v - r.start
}

// event returns the event that an agent has numbered seq, or false, and of how
// many from there on the same holds.
func (a *agents) event(name string, seq int) (v lv, n int, known bool) {
	i, ok := a.number(name)
	if !ok {
		return 0, maxEvents, false
	}
	own := &a.own[i]
	at := behind(own, seq)
	if r := own.before(at); r != nil && seq < r.seq+r.n {
		return r.start + seq - r.seq, r.seq + r.n - seq, true
	}
	if r := own.at(at); r != nil {
		return 0, r.seq - seq, false
	}
	return 0, maxEvents, false
}

// truncate takes back the events from end on, and the names from n on.
func (a *agents) truncate(end lv, n int) {
	for len(a.runs) > 0 {
		last := &a.runs[len(a.runs)-1]
		own := &a.own[last.agent]
		at := own.first(func(r *agentRun) bool { return r.seq >= last.seq })
		if last.start < end {
			last.n = min(last.n, end-last.start)
			own.at(at).n = last.n
			break
		}
		own.remove(at)
		a.runs = a.runs[:len(a.runs)-1]
	}
	for _, name := range a.names[n:] {
		delete(a.byName, name)
	}
	a.names, a.own = a.names[:n], a.own[:n]
}

// compare orders events by their agents, and those of one by seq.
func (a *agents) compare(x, y lv) int {
	one, seq := a.of(x)
	other, to := a.of(y)
	if one != other {
		return cmp.Compare(a.names[one], a.names[other])
	}
	return cmp.Compare(seq, to)
}

// next is the seq that an agent's next event has.
func (a *agents) next(agent int) int {
	r := a.own[agent].last()
	if r == nil {
		return 0
	}
	return r.seq + r.n
}
