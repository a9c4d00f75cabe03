package conformance

import (
	"encoding/json"
	"maps"
	"slices"
)

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

// judge compares what the agents were told with the log: exactly the sequence,
// once, in order, or an explicit new start.
func (d *director) judge() {
	d.t.Helper()
	lost, skipped, tokens, roads := 0, uint64(0), 0, map[string]bool{}
	for _, v := range d.devices {
		l, s := d.judgeRead(v)
		lost += l
		skipped += s
		tokens += v.tokened + v.agent.tokened
		maps.Copy(roads, v.agent.roads)
		d.judgePublished(v)
	}
	expect := d.scenario.Expect
	if skipped != expect.Skipped {
		d.t.Errorf("the agent was told that %d entries are left out, want %d", skipped, expect.Skipped)
	}
	if lost != expect.Lost {
		d.t.Errorf("the agent was told %d times that something is lost, want %d", lost, expect.Lost)
	}
	if tokens < expect.Tokens {
		d.t.Errorf("the agent asked for a token %d times, at least %d are due", tokens, expect.Tokens)
	}
	for _, road := range expect.Roads {
		if !roads[road] {
			d.t.Errorf("the agent was never live on %s", road)
		}
	}
	for _, code := range expect.Refused {
		if !d.server.told(code) {
			d.t.Errorf("the server never answered %s", code)
		}
	}
}

// judgeRead judges what the present life of a device has read. It returns how often
// that was told that something is lost, and how many entries were left out.
func (d *director) judgeRead(v *device) (lost int, skipped uint64) {
	d.t.Helper()
	v.agent.mu.Lock()
	defer v.agent.mu.Unlock()
	for topic := range v.reads {
		log := d.server.entries(topic)
		s := v.agent.streams[topic]
		if s == nil || len(s.runs) == 0 {
			d.t.Errorf("%s never started", topic)
			continue
		}
		lost += len(s.runs) - 1
		for i, r := range s.runs {
			skipped += d.judgeRun(topic, log, r, i == len(s.runs)-1)
		}
	}
	return lost, skipped
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

// judgePublished checks that each publish on a device is in the log once, in the
// order in which its user made it, as that user's, where the acknowledgement said; or
// was in vain as it should be. A life that has ended was not told all.
func (d *director) judgePublished(v *device) {
	d.t.Helper()
	a := v.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	logs := map[string][]entry{} // what is left of them, by topic and who it is by
	for _, topic := range v.topics() {
		for _, e := range d.server.entries(topic) {
			var m numbered
			if json.Unmarshal(e.Data, &m) == nil {
				logs[topic+m.By] = append(logs[topic+m.By], e)
			}
		}
	}
	for i, one := range v.asked {
		n := i + 1
		got := a.settled[n]
		if (got.err != "") != one.rejected && n > v.first {
			d.t.Errorf("%s: task %d was settled as %+v", one.topic, n, got)
		}
		if one.by == "" || one.rejected {
			continue
		}
		log := logs[one.topic+one.by]
		if len(log) == 0 {
			d.t.Errorf("%s: the log has no publish %d of %s", one.topic, n, one.by)
			return
		}
		e := log[0]
		logs[one.topic+one.by] = log[1:]
		if !same(e.Data, mustJSON(numbered{one.by, n})) {
			d.t.Errorf("%s: the log holds %s where publish %d was due", one.topic, e.Data, n)
			return
		}
		if got.offset != 0 && got.offset != e.Offset {
			d.t.Errorf("%s: publish %d is at %d, and was settled as %+v", one.topic, n, e.Offset, got)
		}
		if one.user != "" && e.Author.Sub != one.user {
			d.t.Errorf("%s: publish %d of %s was made as %s", one.topic, n, one.user, e.Author.Sub)
		}
	}
	for _, one := range v.asked {
		if log := logs[one.topic+one.by]; one.by != "" && len(log) > 0 {
			d.t.Errorf("%s: the log ends with %s, which was not due", one.topic, log[0].Data)
			return
		}
	}
}

// topics are those that anything was asked for.
func (v *device) topics() []string {
	all := map[string]bool{}
	for _, one := range v.asked {
		if one.by != "" {
			all[one.topic] = true
		}
	}
	return slices.Collect(maps.Keys(all))
}

func mustJSON(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
