package naive

// Splice is a change at one place, as an operation has it (rule TEXT-1).
type Splice struct {
	At     int
	Delete int
	Insert string
}

// Op makes an operation of splices of another package's type.
func Op[S ~struct {
	At     int
	Delete int
	Insert string
}](splices []S) []Splice {
	op := make([]Splice, len(splices))
	for i, s := range splices {
		op[i] = Splice(s)
	}
	return op
}

// Edit adds the events of an operation that an agent made, who numbers them from
// seq on, and the first of which follows parents.
func (t *Text) Edit(agent string, seq int, parents []int, op []Splice) {
	add := func(e Event) {
		e.Agent, e.Seq, e.Parents = agent, seq, parents
		t.Add(e)
		parents = []int{t.Last()}
		seq++
	}
	for _, s := range op {
		for range s.Delete {
			add(Event{At: s.At})
		}
		at := s.At
		for _, c := range s.Insert {
			add(Event{Insert: true, At: at, Text: c})
			at++
		}
	}
}

// Log is the text that a sequencer's log makes.
type Log struct {
	Text
	spans []span           // of each entry
	last  map[string][]int // of each client, its newest event
	made  map[string]int   // and how many it made
}

type span struct{ from, to int }

// NewLog returns the text of an empty log.
func NewLog() *Log {
	return &Log{last: make(map[string][]int), made: make(map[string]int)}
}

// Offset is that of the newest entry.
func (l *Log) Offset() uint64 { return uint64(len(l.spans)) }

// Past are the events that the next entry of a client follows: the log up to base,
// the client's own, if it has a name, and those of the entries that after names.
func (l *Log) Past(client string, base uint64, after ...uint64) (events []int) {
	for _, s := range l.spans[:base] {
		if s.from < s.to {
			events = append(events, s.to-1)
		}
	}
	if client != "" {
		events = append(events, l.last[client]...)
	}
	for _, offset := range after {
		if s := l.spans[offset-1]; s.from < s.to {
			events = append(events, s.to-1)
		}
	}
	return events
}

// Seen is the text that the next entry of a client is an operation of.
func (l *Log) Seen(client string, base uint64, after ...uint64) string {
	return l.At(l.Past(client, base, after...))
}

// Fold adds the next entry, and returns the events that it is: those from one on up
// to another.
func (l *Log) Fold(client string, op []Splice, base uint64, after ...uint64) (from, to int) {
	from = len(l.Events)
	l.Edit(client, l.made[client], l.Past(client, base, after...), op)
	if to = len(l.Events); from < to {
		l.last[client] = []int{to - 1}
	}
	l.made[client] += to - from
	l.spans = append(l.spans, span{from, to})
	return from, to
}

// Skip adds an entry that has no effect.
func (l *Log) Skip() { l.Fold("", nil, 0) }
