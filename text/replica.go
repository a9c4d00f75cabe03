package text

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"unicode/utf8"
)

// Replica is a text as one agent has it, with its history. It is not safe for
// concurrent use.
type Replica struct {
	agent   int
	history history
	text    *rope
	version []lv
	near    nearby
	held    []change // whose causes have not come yet
	holding int      // bytes of these, about
	whole   *walker  // see replay
	packed  []byte   // the saved history, until it is needed
	undos   []span   // own edits
	redos   []span
	copies  map[lv]lv // what an undo has put back is a copy of what was deleted
}

const (
	// MaxAgentBytes is how long an agent's name may be.
	MaxAgentBytes = 255
	// MaxHeld is about how many bytes of updates are held whose causes are
	// missing.
	MaxHeld = 1 << 20
	// maxEvents is how many events a history has at most.
	maxEvents = 1<<30 - 1
)

// New returns an empty text of an agent, whose name nobody else may have: two
// that write under one name cannot be merged. It panics if the name is empty, no
// UTF-8, or longer than MaxAgentBytes.
func New(agent string) *Replica {
	if err := checkAgent(agent); err != nil {
		panic(err)
	}
	r := &Replica{text: newRope(""), copies: make(map[lv]lv)}
	r.agent = r.history.agents.named(agent)
	return r
}

func checkAgent(name string) error {
	if name == "" || len(name) > MaxAgentBytes || !utf8.ValidString(name) {
		return fail(BadUpdate, fmt.Sprintf("An agent's name is 1 to %d bytes of UTF-8.", MaxAgentBytes))
	}
	return nil
}

// Agent is the name of the replica's agent.
func (r *Replica) Agent() string { return r.history.agents.names[r.agent] }

// Len is how many code points the text has.
func (r *Replica) Len() int { return r.text.size.runes }

// String is the text.
func (r *Replica) String() string { return r.text.String() }

// Slice is the text from one position to another.
func (r *Replica) Slice(from, to int) string {
	from = min(max(from, 0), r.Len())
	return r.text.slice(from, min(max(to, from), r.Len()))
}

// Insert puts text behind so many code points: bad_operation if there are not as
// many.
func (r *Replica) Insert(at int, text string) error { return r.Edit(Insert(at, text)) }

// Delete deletes n code points behind so many.
func (r *Replica) Delete(at, n int) error { return r.Edit(Delete(at, n)) }

// Replace deletes n code points behind so many, and puts text there.
func (r *Replica) Replace(at, n int, text string) error {
	return r.Edit(Op{{At: at, Delete: n, Insert: text}})
}

// Edit applies an operation, or nothing of it if there is an error. It is a step
// that can be undone.
func (r *Replica) Edit(op Op) error {
	if err := r.load(); err != nil {
		return err
	}
	start := r.history.end
	if err := r.edit(op); err != nil {
		return err
	}
	if r.history.end > start {
		r.remember(start)
	}
	return nil
}

func (r *Replica) edit(op Op) error {
	if _, err := op.check(r.Len()); err != nil {
		return err
	}
	switch events := op.events(); {
	case events == 0:
		return nil
	case events > maxEvents-r.history.end:
		return fail(LimitExceeded, "The text's history has no room for more.")
	}
	h := &r.history
	start := h.end
	h.graph.add(start, r.version)
	for _, s := range op {
		if s.Delete > 0 {
			h.remove(s.At, s.Delete)
			h.known(r.Len())
			r.text.remove(s.At, s.Delete)
		}
		if s.Insert != "" {
			n := sizeOf(s.Insert)
			h.insert(s.At, s.Insert, n.runes)
			h.known(r.Len())
			r.text.insert(s.At, s.Insert, n)
		}
	}
	h.agents.add(start, r.agent, h.agents.next(r.agent), h.end-start)
	r.version = append(r.version[:0], h.end-1)
	if r.near.holds(h.end) > r.near.limit {
		r.near = nearby{}
	}
	return nil
}

// known notes how long the text was to which the newest run of ops began.
func (h *history) known(length int) {
	if r := &h.ops[len(h.ops)-1]; r.length < 0 {
		r.length = int32(length)
	}
}

// Version is what of each agent's events is known: ascending ranges of their
// seqs, [from, to).
type Version map[string][][2]int

// Version returns the replica's.
func (r *Replica) Version() (Version, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	v := make(Version)
	for i := range r.history.agents.own {
		for run := range r.history.agents.own[i].all() {
			ranges := v[r.history.agents.names[i]]
			if last := len(ranges) - 1; last >= 0 && ranges[last][1] == run.seq {
				ranges[last][1] += run.n
			} else {
				ranges = append(ranges, [2]int{run.seq, run.seq + run.n})
			}
			v[r.history.agents.names[i]] = ranges
		}
	}
	return v, nil
}

// lacks are the events that a version does not have: spans, the earliest first.
func (r *Replica) lacks(v Version) (spans []span) {
	for _, run := range r.history.agents.runs {
		seq, end := run.seq, run.seq+run.n
		at := func(seq int) lv { return run.start + seq - run.seq }
		ranges := v[r.history.agents.names[run.agent]]
		ranges = ranges[sort.Search(len(ranges), func(i int) bool { return ranges[i][1] > seq }):]
		for _, known := range ranges {
			if known[0] >= end {
				break
			}
			if known[0] > seq {
				spans = append(spans, span{at(seq), at(known[0])})
			}
			seq = max(seq, known[1])
		}
		if seq < end {
			spans = append(spans, span{at(seq), at(end)})
		}
	}
	return join(spans)
}

// Since returns an update for a replica that has a version: all events that it
// lacks. It is empty if there are none.
func (r *Replica) Since(v Version) ([]byte, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	spans := r.lacks(v)
	if len(spans) == 0 {
		return nil, nil
	}
	return r.history.appendUpdate(nil, spans), nil
}

// Merge takes in an update of another replica, in any order and as often as it
// comes. It returns what becomes of the text. What follows events that have not
// come yet is held until they come. On an error nothing has changed: bad_update
// if it is damaged, limit_exceeded if too much would be held, the text would be too
// long, or its branches part and meet too often, agent_reused if another writes
// under this replica's name.
func (r *Replica) Merge(update []byte) (Op, error) {
	if len(update) == 0 {
		return nil, nil
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	changes, err := decodeUpdate(update)
	if err != nil {
		return nil, err
	}
	return r.take(changes)
}

// Event names one of an agent's events.
type Event struct {
	Agent string
	Seq   int
}

// Change is an operation as its author made it: the events of an agent from Seq
// on, at the version of Parents and their pasts.
type Change struct {
	Agent   string
	Seq     int
	Parents []Event
	Op      Op
}

// MergeChanges takes in changes as Merge does an update: those of a history that
// something else has kept.
func (r *Replica) MergeChanges(changes []Change) (Op, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	own := make([]change, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		if err := checkAgent(c.Agent); err != nil {
			return nil, err
		}
		if _, err := c.Op.check(MaxLength / 2); err != nil {
			return nil, err
		}
		n := c.Op.events()
		if n == 0 || c.Seq < 0 || c.Seq > maxEvents-n {
			return nil, fail(BadUpdate, "A change has no events, or no seq.")
		}
		h := history{}
		h.graph.add(0, nil)
		h.splices(c.Op)
		made := change{agent: c.Agent, seq: c.Seq, n: n, ops: h.ops, content: h.content}
		for _, p := range c.Parents {
			made.parents = append(made.parents, cause{p.Agent, p.Seq})
		}
		own = append(own, made)
	}
	return r.take(own)
}

func (r *Replica) take(changes []change) (Op, error) {
	if len(r.held) > 0 {
		changes = append(slices.Clone(r.held), changes...)
	}
	before := r.history.mark()
	held, err := r.admit(changes)
	if err != nil {
		r.history.truncate(before)
		return nil, err
	}
	holding := 0
	for _, c := range held {
		holding += c.bytes()
	}
	if holding > MaxHeld {
		r.history.truncate(before)
		return nil, fail(LimitExceeded, "Too much is held whose causes have not come.")
	}
	op, err := r.fold(before.end)
	if err != nil {
		r.history.truncate(before)
		r.near = nearby{}
		return nil, err
	}
	r.held, r.holding = held, holding
	return op, nil
}

// fold brings the text to the events from start on.
func (r *Replica) fold(start lv) (op Op, err error) {
	h := &r.history
	if start == 0 && h.branchesEarly() {
		version, text, err := h.whole(&r.near)
		if err != nil {
			return nil, err
		}
		if r.version, r.text = version, newRope(text); text != "" {
			op = Insert(0, text)
		}
		return op, nil
	}
	var edits []edit
	version, err := h.walk(slices.Clone(r.version), start, r.Len(), &r.near, func(e edit) { edits = append(edits, e) })
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		r.text.edit(e)
		op = op.with(e)
	}
	r.version = version
	return op, nil
}

func (a *agents) clone() agents {
	c := agents{names: slices.Clone(a.names), byName: maps.Clone(a.byName), runs: slices.Clone(a.runs), own: slices.Clone(a.own)}
	for i := range c.own {
		c.own[i] = c.own[i].clone()
	}
	return c
}

// change are events of an update that follow each other, of one agent.
type change struct {
	agent   string
	seq, n  int
	parents []cause
	ops     []opRun // start counts from the first event
	content []byte
}

// cause names an event.
type cause struct {
	agent string
	seq   int
}

func (c *change) bytes() int {
	n := 64 + len(c.agent) + len(c.content) + 32*len(c.ops)
	for _, p := range c.parents {
		n += 24 + len(p.agent)
	}
	return n
}

// Clone returns a copy for another agent, as New does.
func (r *Replica) Clone(agent string) (*Replica, error) {
	if err := r.load(); err != nil {
		return nil, err
	}
	c := New(agent)
	c.history = history{
		graph:   graph{runs: slices.Clone(r.history.graph.runs)},
		agents:  r.history.agents.clone(),
		ops:     slices.Clone(r.history.ops),
		content: slices.Clone(r.history.content),
		end:     r.history.end,
	}
	c.agent = c.history.agents.named(agent)
	c.text = newRope(r.String())
	c.version = slices.Clone(r.version)
	c.held, c.holding = slices.Clone(r.held), r.holding
	return c, nil
}
