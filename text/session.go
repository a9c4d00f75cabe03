package text

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Session is a text as one client of a sequencer shows it: the fold of the log,
// and on top of it the client's own operations that are not in the log. It is
// driven from outside: it is told what the user does and what the sequencer says,
// and returns what becomes of the text that is shown. It is not safe for
// concurrent use.
//
// An own operation is pending from Local until Receive or Open brings it, or
// Reject. What is pending keeps its meaning whatever comes: it is transformed where
// its positions must be said anew, which Pending tells.
type Session struct {
	client   string
	sequence sequence // its history has the events of what is pending too
	text     *rope    // what is shown
	walker   *walker  // while events are concurrent
	pending  []*pending
	made     uint64
	undos    steps
	redos    steps
}

// Pending is an own operation that the log does not hold.
type Pending struct {
	Key  uint64 // as Local returned it
	Base uint64 // what its author had seen of the log, beside own operations
	Op   Op     // of the text that its author had seen
	// Acknowledged: the sequencer has taken it, and its entry will come.
	Acknowledged bool
}

type pending struct {
	Pending
	events  span
	removed []rune // what it deleted, in the order of its events
}

// NewSession returns the session of a client on an empty log. The client's name
// may be empty until it is known; two that write at one time must not share one.
func NewSession(client string) *Session {
	return &Session{client: client, sequence: newSequence(0, 0), text: newRope("")}
}

// Client is whose session it is.
func (s *Session) Client() string { return s.client }

// Len is how many code points the text has that is shown.
func (s *Session) Len() int { return s.text.size.runes }

// String is the text that is shown.
func (s *Session) String() string { return s.text.String() }

// Slice is the text that is shown from one position to another.
func (s *Session) Slice(from, to int) string {
	from = min(max(from, 0), s.Len())
	return s.text.slice(from, min(max(to, from), s.Len()))
}

// Offset is that of the newest entry that was folded.
func (s *Session) Offset() uint64 { return s.sequence.offset() }

// Pending are the own operations that the log does not hold, in the order in
// which they were made.
func (s *Session) Pending() []Pending {
	all := make([]Pending, len(s.pending))
	for i, p := range s.pending {
		all[i] = p.Pending
		all[i].Op = slices.Clone(p.Op)
	}
	return all
}

// Join says what an own edit is part of.
type Join struct {
	Operation uint64 // of this own operation, the latest, which was not sent; if it can
	Step      bool   // it is undone with the edit before
	Key       uint64 // that it is to have as an operation of its own, and no pending one has; 0: the next
}

// Local applies an own edit to what is shown, and returns the key of the operation
// that it is: 0 if it does nothing. bad_operation if it does not fit.
func (s *Session) Local(op Op, join Join) (uint64, error) {
	if _, err := op.check(s.Len()); err != nil {
		return 0, err
	}
	if op.events() == 0 && join.Key == 0 {
		return 0, nil
	}
	made, err := s.apply(op, join.Operation, join.Key)
	if err != nil {
		return 0, err
	}
	made.joined = join.Step && len(s.undos) > 0
	s.undos.push(made)
	s.redos = nil
	return made.key, nil
}

// apply makes an own operation that fits, or a part of one: of a key, or of the
// next one.
func (s *Session) apply(op Op, onto, key uint64) (step, error) {
	if op.events() > maxEvents-s.sequence.history.end {
		return step{}, fail(LimitExceeded, "The text's history has no room for more.")
	}
	made := step{op: slices.Clone(op), inverse: s.text.turn(op)}
	if last := len(s.pending) - 1; last >= 0 && onto > 0 && s.pending[last].Key == onto && s.extends(s.pending[last]) {
		p := s.pending[last]
		s.enter(p, []lv{p.events.end - 1}, func(h *history) { h.splices(op) })
		p.removed = append(p.removed, made.inverse.inserted()...)
		p.Op = p.Op.and(op)
		made.key = onto
		return made, nil
	}
	made.key = cmp.Or(key, s.made+1)
	s.made = max(s.made, made.key)
	p := &pending{Pending: Pending{Key: made.key, Base: s.Offset(), Op: slices.Clone(op)}, removed: made.inverse.inserted()}
	s.enter(p, s.version(len(s.pending)), func(h *history) { h.splices(op) })
	s.pending = append(s.pending, p)
	return made, nil
}

// extends says whether nothing has come since the latest own operation.
func (s *Session) extends(p *pending) bool {
	return p.Base == s.Offset() && p.events.end == s.sequence.history.end && p.events.start < p.events.end
}

// enter puts the events of an own operation into the history, as the next ones of
// it: those that add adds, if any.
func (s *Session) enter(p *pending, parents []lv, add func(h *history)) {
	h := &s.sequence.history
	start, before := h.end, h.graph.runs
	h.graph.add(start, parents)
	if add(h); h.end == start {
		h.graph.runs = before
	} else {
		agent := h.agents.named(s.client)
		h.agents.add(start, agent, h.agents.next(agent), h.end-start)
	}
	if p.events.end < start || p.events == (span{}) {
		p.events.start = start
	}
	p.events.end = h.end
}

// turn applies an operation, and returns the one that takes it back.
func (r *rope) turn(op Op) (inverse Op) {
	for _, splice := range op {
		inverse = append(inverse, r.inverse(splice))
		r.splice(splice)
	}
	slices.Reverse(inverse)
	return inverse
}

// inserted is what an operation inserts, the last splice's first: of an inverse,
// what was deleted.
func (op Op) inserted() (text []rune) {
	for _, splice := range slices.Backward(op) {
		text = append(text, []rune(splice.Insert)...)
	}
	return text
}

// version is that of the log with the first n own operations that are pending.
func (s *Session) version(n int) []lv {
	return s.sequence.history.graph.dominators(s.with(s.sequence.version(s.Offset()), n))
}

// with returns a version and the first n own operations that are pending.
func (s *Session) with(version []lv, n int) []lv {
	for n--; n >= 0; n-- {
		if e := s.pending[n].events; e.start < e.end {
			return append(slices.Clone(version), e.end-1)
		}
	}
	return version
}

// Step is what something that came has made of what is shown.
type Step struct {
	Op        Op     // of the text that was shown
	Confirmed uint64 // the own operation that the log holds now; 0: none
	Rebased   bool   // pending operations are said anew: see Pending
}

// Receive folds an entry of the log, the next one. own is the key of the pending
// operation that it is, or 0. An entry that cannot be folded has no effect, and
// the error says why; the session goes on behind it.
func (s *Session) Receive(e Entry, own uint64) (step Step, err error) {
	if e.Offset != s.Offset()+1 {
		return step, fail(BadOperation, fmt.Sprintf("The next entry is %d, not %d.", s.Offset()+1, e.Offset))
	}
	if i := s.index(own); i >= 0 {
		step, err = s.confirm(&e, i)
	} else if step.Op, err = s.fold(&e); err != nil {
		s.sequence.skip()
	}
	if s.sequence.due() {
		step.Rebased = step.Rebased || len(s.pending) > 0
		l := s.lift(all)
		s.settle(newSequence(s.Offset(), utf8.RuneCountInString(l.base)), nil, l)
	}
	return step, err
}

// confirm folds the entry that a pending operation has become.
func (s *Session) confirm(e *Entry, i int) (step Step, err error) {
	p := s.pending[i]
	if i == 0 && e.Client == s.client && e.Base == p.Base && len(e.After) == 0 && e.Op.same(p.Op) {
		if s.pending = s.pending[1:]; p.events.start == p.events.end {
			s.sequence.skip()
		} else {
			s.sequence.enter(e, s.sequence.history.agents.named(s.client), p.events)
		}
		return Step{Confirmed: p.Key}, nil
	}
	step = s.Reject(p.Key) // the log has it otherwise: that counts
	step.Confirmed = p.Key
	op, err := s.fold(e)
	if err != nil {
		s.sequence.skip()
	}
	step.Op = append(step.Op, op...)
	if step.Rebased = len(s.pending) > 0; step.Rebased {
		s.Rebase(s.pending[0].Key) // what is pending follows it
	}
	return step, err
}

func (s *Session) index(key uint64) int {
	return slices.IndexFunc(s.pending, func(p *pending) bool { return key > 0 && p.Key == key })
}

// fold folds an entry that is not pending.
func (s *Session) fold(e *Entry) (Op, error) {
	if e.Op.events() == 0 {
		s.sequence.skip()
		return nil, nil
	}
	parents, err := s.sequence.past(e)
	if err != nil {
		return nil, err
	}
	if slices.Equal(parents, s.version(len(s.pending))) {
		if _, err := e.Op.check(s.Len()); err != nil {
			return nil, err
		}
		s.sequence.add(e, parents)
		s.others(e.Op)
		return e.Op, nil
	}
	w := s.whole()
	w.visit(parents)
	if _, err := e.Op.check(w.tracker.length()); err != nil {
		return nil, err
	}
	s.sequence.add(e, parents)
	var op Op
	_ = w.reach(s.sequence.history.end, func(c edit) { op = op.with(c) }) // it fits
	s.others(op)
	return op, nil
}

// whole returns the walker, which has applied all events.
func (s *Session) whole() *walker {
	h := &s.sequence.history
	if s.walker == nil {
		s.walker = newWalker(h, -1)
		s.walker.charged = true
	}
	_ = s.walker.reach(h.end, nil) // what was folded without it, so it fits
	return s.walker
}

// Acknowledge says that the sequencer has taken an own operation. It stays pending
// until its entry comes.
func (s *Session) Acknowledge(key uint64) {
	if i := s.index(key); i >= 0 {
		s.pending[i].Acknowledged = true
	}
}

// Reject takes own operations out, and nothing else: what others, and the client
// itself later, have done keeps its meaning. Those behind the first are said anew:
// the sequencer must not have taken them.
func (s *Session) Reject(keys ...uint64) Step {
	return s.renew(func(p *pending) bool { return slices.Contains(keys, p.Key) }, keys)
}

// Rebase says what is pending anew from an own operation on, as of the newest
// entry. The sequencer must not have taken those, nor take them any more as they
// were.
func (s *Session) Rebase(from uint64) Step {
	return s.renew(func(p *pending) bool { return p.Key == from }, nil)
}

// renew says what is pending anew from the first on that is asked for, without
// those of some keys.
func (s *Session) renew(from func(*pending) bool, without []uint64) Step {
	first := slices.IndexFunc(s.pending, from)
	if first < 0 {
		return Step{}
	}
	l := s.lift(func(i int, p *pending) fate {
		switch {
		case i < first:
			return settled
		case slices.Contains(without, p.Key):
			return dropped
		}
		return kept
	})
	s.undos.drop(without)
	s.redos.drop(without)
	s.others(l.change)
	s.settle(s.sequence.again(), s.pending[:first], l)
	return Step{Op: l.change, Rebased: first < len(s.pending)}
}

// Identify says whose session it is from now on.
func (s *Session) Identify(client string) {
	if client == s.client {
		return
	}
	l := s.lift(all)
	s.client = client
	s.settle(s.sequence.again(), nil, l)
}
