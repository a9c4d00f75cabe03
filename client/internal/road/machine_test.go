package road

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

const (
	term   = "modelmodel0"
	secret = protocol.Secret("20781.q83vEjRWeJCrze8SNFZ4kA")
)

var topics = []string{"a", "b", "c"}

// world is a machine between a core, of which only what it says matters, and a
// naive server.
type world struct {
	t       *rapid.T
	poll    bool
	kind    bool // nothing fails any more
	machine *Machine
	logs    map[string]int
	streams []*stream // all that were opened; the last stands
	posted  []byte
	nextID  uint64

	subscribes map[string]uint64 // unanswered, by topic; hello's is 0
	places     map[string]uint64 // of granted topics: the next entry is the one behind
	auth       uint64
	token      string
	pings      int
	live       bool
	seq        uint64
	answered   uint64
}

// stream is one request that stood for the stream.
type stream struct {
	number uint64
	waits  bool
	places map[string]uint64
	out    []any
	ended  bool
}

func decode[T any](t *rapid.T, raw []byte) T {
	command, err := protocol.DecodeCommand(raw, protocol.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	c, ok := command.(T)
	if !ok {
		t.Fatalf("%s is a %T", raw, command)
	}
	return c
}

func (w *world) carryOut(effects []Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case Open:
			w.open(e)
		case Rest:
			w.carryOut(w.machine.Rested(e.Number))
		case Post:
			if w.posted != nil {
				w.t.Fatal("CONN-13: a second POST")
			}
			if len(e.Body) > protocol.DefaultLimits().FrameBytes {
				w.t.Fatalf("CONN-13: a POST of %d bytes", len(e.Body))
			}
			w.posted = e.Body
		case Pass:
			w.pass(e.Input)
		}
	}
}

// open lets the server act on a hello.
func (w *world) open(o Open) {
	h := decode[*protocol.Hello](w.t, o.Body)
	if h.Token != w.token || len(h.Clients) != 1 || h.Clients[0].Run != 7 {
		w.t.Fatalf("ROAD-1: said %+v with the token %s", h, w.token)
	}
	s := &stream{number: o.Number, waits: o.Wait > 0, places: map[string]uint64{}}
	s.out = append(s.out, &protocol.Welcome{Ping: 25_000, Grace: 10_000, Limits: protocol.DefaultLimits()})
	for _, topic := range h.Topics {
		if !w.kind && rapid.IntRange(0, 9).Draw(w.t, "forbidden") == 0 {
			s.out = append(s.out, &protocol.Unsubscribed{Topic: topic.Topic, Error: protocol.Errorf(protocol.Overloaded, "")})
			continue
		}
		at, recovered := uint64(w.logs[topic.Topic]), true
		if topic.From.Earliest() {
			at = 0
		} else if p, ok := topic.From.Position(); ok {
			at = p.Offset
			if !w.kind && rapid.IntRange(0, 9).Draw(w.t, "lost") == 0 {
				at, recovered = 0, false
			}
		}
		s.places[topic.Topic] = at
		s.out = append(s.out, &protocol.Subscribed{Topic: topic.Topic, Offset: at, Term: termAt(at), Recovered: recovered})
	}
	w.streams = append(w.streams, s)
}

func termAt(offset uint64) string {
	if offset == 0 {
		return ""
	}
	return term
}

// flow lets a stream tell the entries that it has coming.
func (w *world) flow(s *stream) {
	for _, topic := range topics {
		at, ok := s.places[topic]
		for ; ok && at < uint64(w.logs[topic]); at++ {
			s.out = append(s.out, &core.Entry{Topic: topic, Entry: protocol.Entry{Offset: at + 1, Term: term, Data: jsontext.Value("1")}})
			s.places[topic] = at + 1
		}
	}
}

// deliver passes on the next message of a stream, or the end of a poll, and
// reports false if there is none.
func (w *world) deliver(s *stream) bool {
	if len(s.out) == 0 {
		w.flow(s)
	}
	if len(s.out) > 0 {
		message := s.out[0]
		s.out = s.out[1:]
		w.carryOut(w.machine.Hear(s.number, message))
		return true
	}
	current := s == w.streams[len(w.streams)-1]
	if !w.poll || s.ended || s.waits && w.kind && current {
		return false // a poll that waits for more
	}
	s.ended = true
	next, err := w.machine.Ended(s.number)
	if err != nil {
		w.t.Fatal(err)
	}
	w.carryOut(next)
	return true
}

// pass is what the core would make of an input.
func (w *world) pass(in core.Input) {
	switch in := in.(type) {
	case core.Aside:
		if ack, ok := in.Message.(*protocol.Ack); ok {
			if w.answered++; ack.Seq != w.answered {
				w.t.Fatalf("PUB-4: the answer to %d comes before that to %d", ack.Seq, w.answered)
			}
		}
	case core.Message:
		w.hear(in.Message)
	default:
		w.t.Fatalf("passed on %T", in)
	}
}

func (w *world) hear(message any) {
	switch m := message.(type) {
	case *protocol.Welcome:
		w.live = true
	case *protocol.Authenticated:
		if m.ID != w.auth {
			w.t.Fatalf("auth %d was answered, not %d", m.ID, w.auth)
		}
		w.auth = 0
	case *protocol.Pong:
		if !w.live {
			w.t.Fatal("a pong before welcome")
		}
		w.pings = 0
	case *protocol.Subscribed:
		if id, asked := w.subscribes[m.Topic]; asked && id == m.ID {
			delete(w.subscribes, m.Topic)
		} else if _, granted := w.places[m.Topic]; !granted || m.ID != 0 || m.Recovered {
			w.t.Fatalf("nobody asked for %+v", m)
		}
		w.places[m.Topic] = m.Offset
	case *protocol.Failure:
		for topic, id := range w.subscribes {
			if id == m.ID {
				delete(w.subscribes, topic)
				return
			}
		}
		w.t.Fatalf("nobody asked for %+v", m)
	case *protocol.Unsubscribed:
		if id, asked := w.subscribes[m.Topic]; asked && id == 0 {
			delete(w.subscribes, m.Topic)
		}
		delete(w.places, m.Topic)
	case *core.Entry:
		at, ok := w.places[m.Topic]
		if _, moving := w.subscribes[m.Topic]; moving {
			return // of the place that is to be left
		}
		if !ok || m.Offset != at+1 {
			w.t.Fatalf("SUB-2: %s %d behind %d (%v)", m.Topic, m.Offset, at, ok)
		}
		w.places[m.Topic] = m.Offset
	}
}

func (w *world) id() uint64 {
	w.nextID++
	return w.nextID
}

// say lets the core say a frame of some messages.
func (w *world) say() {
	frame := []byte{'['}
	for range rapid.IntRange(1, 3).Draw(w.t, "messages") {
		if len(frame) > 1 {
			frame = append(frame, ',')
		}
		topic := rapid.SampledFrom(topics).Draw(w.t, "topic")
		_, asked := w.subscribes[topic]
		_, granted := w.places[topic]
		switch what := rapid.SampledFrom([]string{"subscribe", "subscribe", "unsubscribe", "auth", "ping", "publish", "publish"}).Draw(w.t, "what"); {
		case what == "subscribe" && !asked:
			at := uint64(rapid.IntRange(0, w.logs[topic]).Draw(w.t, "at"))
			w.subscribes[topic] = w.id()
			frame = protocol.Append(frame, &protocol.Subscribe{ID: w.subscribes[topic], Topic: topic, From: rapid.SampledFrom([]protocol.From{
				protocol.FromNew(), protocol.FromEarliest(), protocol.FromPosition(protocol.Position{Offset: at, Term: termAt(at)}),
			}).Draw(w.t, "from")})
		case what == "unsubscribe" && (asked || granted):
			delete(w.subscribes, topic)
			delete(w.places, topic)
			frame = protocol.Append(frame, &protocol.Unsubscribe{ID: w.id(), Topic: topic})
		case what == "auth" && w.auth == 0:
			w.auth = w.id()
			w.token = fmt.Sprint("token ", w.auth)
			frame = protocol.Append(frame, &protocol.Auth{ID: w.auth, Token: w.token})
		case what == "ping":
			w.pings++
			frame = protocol.Append(frame, &protocol.Ping{})
		case what == "publish":
			w.seq++
			frame = protocol.Append(frame, &protocol.Publish{Topic: topic, Seq: w.seq, Data: jsontext.Value("1")})
		default:
			frame = protocol.Append(frame, &protocol.Pong{})
		}
	}
	w.carryOut(w.machine.Say(append(frame, ']')))
}

// answer answers the POST that is out.
func (w *world) answer() bool {
	if w.posted == nil {
		return false
	}
	messages, err := protocol.Split(w.posted)
	if err != nil {
		w.t.Fatal(err)
	}
	w.posted = nil
	if h := decode[*protocol.Hello](w.t, messages[0]); len(h.Topics) > 0 || len(h.Clients) != 1 {
		w.t.Fatalf("ROAD-4: a POST begins with %+v", h)
	}
	w.carryOut(w.machine.Answer(&protocol.Welcome{}))
	for _, raw := range messages[1:] {
		w.carryOut(w.machine.Answer(&protocol.Ack{Seq: decode[*protocol.Publish](w.t, raw).Seq}))
	}
	w.carryOut(w.machine.Answered())
	return true
}

// TestMachine lets anything happen between the core and the server, and
// compares what the core is told with what it asked for.
func TestMachine(t *testing.T) {
	for road, poll := range map[string]bool{core.RoadSSE: false, core.RoadPoll: true} {
		t.Run("CONN-10,CONN-13_"+road, rapid.MakeCheck(func(t *rapid.T) { runMachine(t, poll) }))
	}
}

func runMachine(t *rapid.T, poll bool) {
	w := &world{
		t: t, poll: poll, machine: New(), logs: map[string]int{},
		subscribes: map[string]uint64{}, places: map[string]uint64{},
	}
	hello := &protocol.Hello{Clients: []protocol.ClientProof{{Secret: secret, Run: 7}}}
	for _, topic := range topics[:rapid.IntRange(0, 2).Draw(t, "topics")] {
		w.subscribes[topic] = 0
		hello.Topics = append(hello.Topics, protocol.Subscribe{Topic: topic})
	}
	w.carryOut(w.machine.Say(protocol.Append(nil, hello)))
	for range rapid.IntRange(1, 200).Draw(t, "acts") {
		switch what := rapid.IntRange(0, 9).Draw(t, "act"); {
		case what < 2 && w.live:
			w.say()
		case what < 4:
			w.logs[rapid.SampledFrom(topics).Draw(t, "log")]++
		case what < 5:
			w.answer()
		case what < 6:
			w.deliver(rapid.SampledFrom(w.streams).Draw(t, "stream"))
		default:
			w.deliver(w.streams[len(w.streams)-1])
		}
	}
	w.kind = true
	for n := 0; w.deliver(w.streams[len(w.streams)-1]) || w.answer(); n++ {
		if n > 10_000 {
			t.Fatal("the machine does not come to rest")
		}
	}
	if len(w.subscribes) > 0 || w.auth != 0 || w.pings > 0 || w.answered != w.seq {
		t.Errorf("unanswered: %v, auth %d, %d pings, %d of %d entries", w.subscribes, w.auth, w.pings, w.seq-w.answered, w.seq)
	}
	for topic, at := range w.places {
		if at != uint64(w.logs[topic]) {
			t.Errorf("%s ends at %d of %d", topic, at, w.logs[topic])
		}
	}
	read := w.streams[len(w.streams)-1].places
	for _, topic := range topics {
		_, is := read[topic]
		if _, wanted := w.places[topic]; is != wanted {
			t.Errorf("%s is read: %v, and wanted: %v", topic, is, wanted)
		}
	}
}

func TestBatches(t *testing.T) {
	m := New()
	m.Say(protocol.Append(nil, &protocol.Hello{Clients: []protocol.ClientProof{{Secret: secret, Run: 1}}}))
	m.Hear(1, &protocol.Welcome{Limits: protocol.Limits{FrameBytes: 400}})
	publish := func(bytes int) []Effect {
		return m.Say(protocol.Append(nil, &protocol.Publish{Topic: "t", Seq: 1, Data: jsontext.Value(`"` + strings.Repeat("x", bytes) + `"`)}))
	}
	if first := publish(10); len(first) != 1 {
		t.Fatalf("the first publish makes %v", first)
	}
	for range 5 {
		if more := publish(50); len(more) != 0 {
			t.Fatalf("CONN-13: while a POST is out comes %v", more)
		}
	}
	publish(500)
	var counts []int
	for {
		effects := m.Answered()
		if len(effects) == 0 {
			break
		}
		body := effects[0].(Post).Body
		messages, err := protocol.Split(body)
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(messages)-1)
		if len(body) > 400 && len(messages) > 2 {
			t.Errorf("CONN-13: a POST of %d messages has %d bytes", len(messages), len(body))
		}
	}
	if fmt.Sprint(counts) != "[3 2 1]" {
		t.Errorf("CONN-13: POSTs of %v messages", counts)
	}
}

func TestPoll(t *testing.T) {
	m := New()
	m.Say(protocol.Append(nil, &protocol.Hello{Clients: []protocol.ClientProof{{Secret: secret, Run: 1}}}))
	if _, err := m.Ended(1); err == nil {
		t.Error("ROAD-3: an answer without welcome is one")
	}
	m.Hear(1, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
	next, err := m.Ended(1)
	if rest, ok := next[0].(Rest); err != nil || !ok || rest.Number != 1 {
		t.Errorf("ROAD-3: behind nothing comes %+v, %v", next, err)
	}
	if o, ok := m.Rested(1)[0].(Open); !ok || o.Wait != 7000 || o.Number != 2 {
		t.Errorf("ROAD-3: next comes %+v", o)
	}
	if late := m.Rested(1); len(late) != 0 {
		t.Errorf("ROAD-3: to rest twice makes %+v", late)
	}
	m.Hear(2, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
	if next, _ := m.Ended(2); next[0] != (Rest{2}) {
		t.Error("after nothing the next is asked for at once")
	}
	m.Rested(2)
	m.Hear(3, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
	m.Hear(3, &protocol.Ping{})
	next, _ = m.Ended(3)
	if _, ok := next[0].(Open); !ok {
		t.Error("after some news the next is not asked for at once")
	}
	if effects := m.Say(protocol.Append(nil, &protocol.Ping{})); len(effects) != 1 || effects[0].(Open).Wait != 0 {
		t.Errorf("a ping makes %+v", effects)
	}
	if effects := m.Say(protocol.Append(nil, &protocol.Ping{})); len(effects) != 0 {
		t.Errorf("a second ping makes %+v", effects)
	}
	if effects := m.Hear(4, &protocol.Welcome{}); len(effects) != 0 {
		t.Errorf("what the old request still says makes %+v", effects)
	}
}
