package conformance

import "encoding/json"

// end is the offset up to which the agent was given entries.
func (s *stream) end() uint64 {
	if s == nil || len(s.runs) == 0 {
		return 0
	}
	r := s.runs[len(s.runs)-1]
	if n := len(r.entries); n > 0 {
		return r.entries[n-1].Offset
	}
	return r.from
}

// numbered is the data of a message.
type numbered struct {
	By string `json:"by"`
	N  int    `json:"n"`
}

// judge compares what the agent was told with the log: exactly the sequence,
// once, in order, or an explicit new start.
func (d *director) judge() {
	d.t.Helper()
	a := d.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, failure := range a.failures {
		d.t.Error(failure)
	}
	lost, skipped := 0, uint64(0)
	for topic := range d.topics {
		log := d.server.entries(topic)
		s := a.streams[topic]
		if s == nil || len(s.runs) == 0 {
			d.t.Errorf("%s never started", topic)
			continue
		}
		lost += len(s.runs) - 1
		for i, r := range s.runs {
			skipped += d.judgeRun(topic, log, r, i == len(s.runs)-1)
		}
	}
	if skipped != d.scenario.Expect.Skipped {
		d.t.Errorf("the agent was told that %d entries are left out, want %d", skipped, d.scenario.Expect.Skipped)
	}
	if lost != d.scenario.Expect.Lost {
		d.t.Errorf("the agent was told %d times that something is lost, want %d", lost, d.scenario.Expect.Lost)
	}
	for topic := range d.published {
		d.judgePublished(topic)
	}
	for _, road := range d.scenario.Expect.Roads {
		if !a.roads[road] {
			d.t.Errorf("the agent was never live on %s", road)
		}
	}
}

// judgeRun checks that a run has no hole that it was not told of and nothing
// twice, and that the last one is the log from its start to its end, but for
// entries that were left out because a newer one has their key (rule SUB-8).
// What an earlier run held may be gone. It returns how many were left out.
func (d *director) judgeRun(topic string, log []entry, r run, last bool) (skipped uint64) {
	d.t.Helper()
	behind := r.from
	for _, e := range r.entries {
		if want := behind + e.skipped + 1; e.Offset != want {
			d.t.Errorf("%s: entry %d came where %d was due, %d being left out", topic, e.Offset, want, e.skipped)
			return skipped
		}
		behind = e.Offset
		skipped += e.skipped
	}
	if last {
		d.judgeHeld(topic, log, r)
	}
	return skipped
}

func (d *director) judgeHeld(topic string, log []entry, r run) {
	d.t.Helper()
	newest := map[string]uint64{}
	for _, e := range log {
		newest[e.Key] = e.Offset
	}
	left := r.entries
	for _, e := range log {
		switch {
		case e.Offset <= r.from:
		case len(left) > 0 && left[0].Offset == e.Offset:
			if got := left[0]; got.Key != e.Key || !same(got.Data, e.Data) {
				d.t.Errorf("%s: the agent was given %s of %q as %d, the log holds %s of %q", topic, got.Data, got.Key, e.Offset, e.Data, e.Key)
				return
			}
			left = left[1:]
		case newest[e.Key] == e.Offset:
			d.t.Errorf("%s: the agent was not given %d, the newest entry of %q", topic, e.Offset, e.Key)
			return
		}
	}
	if len(left) > 0 {
		d.t.Errorf("%s: the agent was given %d, which the log does not hold", topic, left[0].Offset)
	}
}

// same says whether two texts are one value; an agent may write it anew.
func same(a, b json.RawMessage) bool {
	var x, y numbered
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// judgePublished checks that each publish of the agent was acknowledged, and is
// in the log once, in the order of its number, where the acknowledgement said.
func (d *director) judgePublished(topic string) {
	d.t.Helper()
	want := 0
	for _, e := range d.server.entries(topic) {
		var m numbered
		if err := json.Unmarshal(e.Data, &m); err != nil || m.By != "agent" {
			continue
		}
		for want++; want < m.N && d.numbers[want] != topic; want++ {
		}
		if m.N != want {
			d.t.Errorf("%s: the log holds publish %d where %d was due", topic, m.N, want)
			return
		}
		if got := d.agent.settled[m.N]; got.err != "" || (got.offset != 0 && got.offset != e.Offset) {
			d.t.Errorf("%s: publish %d is at %d, and was settled as %+v", topic, m.N, e.Offset, got)
		}
	}
	for n, t := range d.numbers {
		if t == topic && n > want {
			d.t.Errorf("%s: the log ends with publish %d; %d was settled as %+v", topic, want, n, d.agent.settled[n])
			return
		}
	}
}
