package core

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

// model is a naive server: one process, logs in slices, the rules of
// publishing word by word.
type model struct {
	t       *rapid.T
	kind    bool // every command is granted
	mortal  bool // clients die before they have stored the run that they said
	faults  int  // entries that got lost on their way
	logs    map[string][]protocol.Entry
	memory  map[string]*memory // by secret and topic
	expired map[string]bool    // secrets that were forgotten
	runs    map[string]uint64
	losses  int             // how often the document's log lost its end
	lost    map[uint64]bool // keys of operations that were lost with it
}

// memory is what the server knows of a client in a topic.
type memory struct {
	accepted map[uint64]protocol.Position
	void     map[uint64]bool
	run      uint64 // of the entry that was accepted last
}

// link is one connection to the model.
type link struct {
	model    *model
	in, out  [][]byte // to the server, to the client: JSON messages
	secret   string
	run      uint64
	welcomed bool
	expired  bool // the token has
	places   map[string]uint64
	reading  // of the document
}

func newModel(t *rapid.T) *model {
	return &model{
		t: t, logs: map[string][]protocol.Entry{}, memory: map[string]*memory{},
		expired: map[string]bool{}, runs: map[string]uint64{}, lost: map[uint64]bool{},
	}
}

// term is that of the entries that are written now.
func (m *model) term() string { return fmt.Sprintf("modelmode%02d", m.losses) }

func (m *model) connect() *link { return &link{model: m, places: map[string]uint64{}} }

func (m *model) position(topic string, offset int) protocol.Position {
	if offset == 0 {
		return protocol.Position{}
	}
	return protocol.Position{Term: m.logs[topic][offset-1].Term, Offset: uint64(offset)}
}

func (l *link) say(message any) { l.out = append(l.out, protocol.Append(nil, message)) }

// flow says some of the entries that the subscriptions have coming, or all if
// the server is kind.
func (l *link) flow() {
	if l.expired {
		return
	}
	for _, topic := range modelTopics {
		if _, ok := l.places[topic]; !ok || topic == modelDocument && !l.flowDocument() {
			continue
		}
		at := l.places[topic]
		coming := l.model.logs[topic][at:]
		if !l.model.kind {
			coming = coming[:rapid.IntRange(0, len(coming)).Draw(l.model.t, "flow")]
		}
		skipped := uint64(0)
		for i, e := range coming {
			if l.places[topic] = e.Offset; l.faulty() {
				continue
			}
			if i < len(coming)-1 && topic != modelDocument && l.skips() {
				skipped++
				continue
			}
			if skipped > 0 {
				l.out = append(l.out, skipping(topic, e, skipped))
				skipped = 0
				continue
			}
			l.out = append(l.out, protocol.AppendEntryMessage(nil, topic, protocol.AppendEntry(nil, &e)))
		}
	}
}

// skips draws whether the model, which delivers the latest alone when it must,
// leaves an entry out.
func (l *link) skips() bool {
	return !l.model.kind && rapid.IntRange(0, 20).Draw(l.model.t, "skips") == 0
}

func skipping(topic string, e protocol.Entry, skipped uint64) []byte {
	stored := protocol.AppendEntry(nil, &e)
	return protocol.AppendEntryMessage(nil, topic, append(fmt.Appendf(nil, `{"skipped":%d,`, skipped), stored[1:]...))
}

// faulty draws whether an entry gets lost on its way, as none should.
func (l *link) faulty() bool {
	faulty := !l.model.kind && rapid.IntRange(0, 100).Draw(l.model.t, "faulty") == 0
	if faulty {
		l.model.faults++
	}
	return faulty
}

// work takes the first message that the client has said.
func (l *link) work() {
	raw := l.in[0]
	l.in = l.in[1:]
	command, err := protocol.DecodeCommand(raw, protocol.DefaultLimits())
	if err != nil {
		l.model.t.Fatalf("the core said %s: %v", raw, err)
	}
	if l.cutOff(command) {
		return
	}
	switch c := command.(type) {
	case *protocol.Hello:
		l.hello(c)
	case *protocol.Subscribe:
		l.subscribe(c)
	case *protocol.Unsubscribe:
		l.leave(c.Topic)
		l.say(&protocol.Unsubscribed{ID: c.ID, Topic: c.Topic})
	case *protocol.Publish:
		l.publish(c)
	case *protocol.History:
		l.history(c)
	case *protocol.Auth:
		l.expired = false
		l.say(&protocol.Authenticated{ID: c.ID})
	case *protocol.Ping:
		l.say(&protocol.Pong{})
	}
	l.flow()
}

func (l *link) hello(h *protocol.Hello) {
	m := l.model
	l.secret, l.run = string(h.Clients[0].Secret), h.Clients[0].Run
	if l.run <= m.runs[l.secret] && !m.mortal {
		m.t.Fatalf("run %d after run %d", l.run, m.runs[l.secret])
	}
	m.runs[l.secret] = l.run
	l.welcomed = true
	l.say(&protocol.Welcome{
		Session: "s", Clients: []string{"c"}, Ping: 25_000, Grace: 10_000, Limits: protocol.DefaultLimits(),
	})
	for _, s := range h.Topics {
		l.subscribe(&s)
		l.flow()
	}
}

func (l *link) subscribe(s *protocol.Subscribe) {
	m, head := l.model, len(l.model.logs[s.Topic])
	code := l.mood("subscribe", protocol.TokenExpired, protocol.Overloaded)
	if code == "" && s.Doc != "" && (s.Topic != modelDocument || s.Doc != "counter") {
		code = protocol.WrongType
	}
	if code != "" {
		if s.ID == 0 {
			l.say(&protocol.Unsubscribed{Topic: s.Topic, Error: protocol.Errorf(code, "")})
		} else {
			l.say(&protocol.Failure{ID: s.ID, Error: protocol.Errorf(code, "")})
		}
		return
	}
	at, recovered := head, true
	if s.From.Earliest() {
		at = 0
	} else if n, ok := s.From.Last(); ok {
		at = max(0, head-int(n))
	} else if p, ok := s.From.Position(); ok {
		at = int(p.Offset)
		if at > head || at > 0 && m.position(s.Topic, at).Term != p.Term {
			at, recovered = 0, false
			if s.Else == "new" {
				at = head
			}
		}
	}
	l.places[s.Topic] = uint64(at)
	p := m.position(s.Topic, at)
	snapshot := s.Topic == modelDocument && l.open(s, recovered)
	l.say(&protocol.Subscribed{
		ID: s.ID, Topic: s.Topic, Offset: p.Offset, Term: p.Term, Recovered: recovered, Snapshot: snapshot,
	})
}

func (l *link) history(h *protocol.History) {
	if code := l.mood("history", protocol.TokenExpired); code != "" {
		l.say(&protocol.Failure{ID: h.ID, Error: protocol.Errorf(code, "")})
		return
	}
	l.say(&protocol.HistoryPage{ID: h.ID, Topic: h.Topic, First: 1, Head: l.model.position(h.Topic, len(l.model.logs[h.Topic]))})
}

// mood draws whether a command fails, and with which code.
func (l *link) mood(what string, codes ...protocol.Code) protocol.Code {
	if l.expired {
		return protocol.TokenExpired
	}
	if l.model.kind || rapid.IntRange(0, 4).Draw(l.model.t, what) > 0 {
		return ""
	}
	code := rapid.SampledFrom(codes).Draw(l.model.t, "code")
	l.expired = code == protocol.TokenExpired
	return code
}

func (l *link) publish(p *protocol.Publish) {
	m := l.model
	refuse := func(code protocol.Code) {
		l.say(&protocol.RefusedMessage{Topic: p.Topic, Client: "c", Seq: p.Seq, Error: protocol.Errorf(code, "")})
	}
	reject := func(code protocol.Code) {
		l.say(&protocol.RejectedMessage{Topic: p.Topic, Client: "c", Seq: p.Seq, Error: protocol.Errorf(code, "")})
	}
	if l.run < m.runs[l.secret] {
		refuse(protocol.StaleRun)
		return
	}
	if m.expired[l.secret] {
		reject(protocol.ClientExpired)
		return
	}
	key := l.secret + " " + p.Topic
	known := m.memory[key]
	if known == nil {
		known = &memory{accepted: map[uint64]protocol.Position{}, void: map[uint64]bool{}}
		m.memory[key] = known
	}
	if l.run < known.run {
		m.t.Fatalf("OUT-3: run %d after run %d", l.run, known.run)
	}
	if at, ok := known.accepted[p.Seq]; ok {
		l.say(&protocol.Ack{Topic: p.Topic, Client: "c", Seq: p.Seq, Offset: at.Offset, Term: at.Term})
		return
	}
	if known.void[p.Seq] {
		reject(protocol.Rejected)
		return
	}
	moods := []protocol.Code{protocol.TokenExpired, protocol.Overloaded, protocol.Rejected}
	if p.Base != nil {
		moods = append(moods, protocol.RebaseRequired)
	}
	switch code := l.mood("publish", moods...); code {
	case "":
	case protocol.Rejected:
		reject(code)
		return
	default:
		refuse(code)
		return
	}
	void := func(seq uint64) bool {
		return slices.ContainsFunc(p.Voids, func(r protocol.Range) bool { return r[0] <= seq && seq <= r[1] })
	}
	for seq := uint64(1); seq < p.Seq; seq++ {
		if _, ok := known.accepted[seq]; !ok && !known.void[seq] && !void(seq) {
			l.say(&protocol.GapMessage{Topic: p.Topic, Client: "c", Seq: p.Seq, Expected: seq})
			return
		}
	}
	for seq := uint64(1); seq < p.Seq; seq++ {
		if _, ok := known.accepted[seq]; !ok && void(seq) {
			known.void[seq] = true
		}
	}
	if p.Base != nil && *p.Base > uint64(len(m.logs[p.Topic])) {
		refuse(protocol.RebaseRequired)
		return
	}
	at := protocol.Position{Term: m.term(), Offset: uint64(len(m.logs[p.Topic]) + 1)}
	m.logs[p.Topic] = append(m.logs[p.Topic], protocol.Entry{
		Offset: at.Offset, Term: at.Term, Client: "c", Seq: p.Seq, Base: p.Base, Key: p.Key, Data: p.Data,
	})
	known.accepted[p.Seq], known.run = at, l.run
	l.say(&protocol.Ack{Topic: p.Topic, Client: "c", Seq: p.Seq, Offset: at.Offset, Term: at.Term})
}

// places returns where in topic's log the entry of a publish stands.
func (m *model) placesOf(topic string, key uint64) []uint64 {
	var at []uint64
	for _, e := range m.logs[topic] {
		if keyOf(e) == key {
			at = append(at, e.Offset)
		}
	}
	return at
}
