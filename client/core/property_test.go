package core

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

var modelTopics = []string{"a", "b", modelDocument}

var modelKeys = []string{"", "", "k", "\"é", strings.Repeat("x", protocol.MaxKeyBytes), "no\n", "no\xff"}

var modelRoads = [][]string{{RoadWS}, {RoadWS, RoadSSE, RoadPoll}, {RoadSSE, RoadPoll}, {RoadWS, RoadPoll}}

// world is a core, a naive server and the link between them, in which anything
// may happen; and what the application has seen.
type world struct {
	t       *rapid.T
	core    *Core
	model   *model
	link    *link           // nil: none
	opening string          // the road; empty: none
	road    string          // of link
	blocked map[string]bool // roads on which nothing gets through
	trying  string          // the road that is being tried; empty: none
	asked   bool
	now     int64
	wish    int64
	keys    uint64
	secrets int
	storage *storage // nil: the client keeps nothing
	renewed bool     // in this step, the client begins as another one
	waited  uint64   // up to this key, it has waited in vain for documents to hold operations

	published map[uint64]string // topic by key
	entryKeys map[uint64]string // of those published
	settled   map[uint64]Settled
	vanished  map[uint64]bool // with a life that had not stored them
	pages     map[uint64]bool // whether it is answered
	readers   map[uint64]*reader
	document  document
}

// reader is what one handler has been told.
type reader struct {
	topic string
	from  protocol.From
	open  bool
	begun bool
	at    uint64
	doc   string // the type of the document that it reads
	value uint64 // the counter that it shows
}

func newWorld(t *rapid.T, keeps bool) *world {
	w := &world{
		t: t, model: newModel(t), wish: Never, blocked: map[string]bool{},
		published: map[uint64]string{}, entryKeys: map[uint64]string{}, settled: map[uint64]Settled{}, vanished: map[uint64]bool{}, pages: map[uint64]bool{}, readers: map[uint64]*reader{},
		document: document{base: map[uint64]uint64{}, losses: map[uint64]int{}, positional: rapid.Bool().Draw(t, "positional")},
	}
	if keeps {
		w.storage = newStorage()
	}
	w.core = w.born()
	return w
}

// born makes a core.
func (w *world) born() *Core {
	return New(Options{
		Token:  TokenFunction,
		Keeps:  w.storage != nil,
		Roads:  rapid.SampledFrom(modelRoads).Draw(w.t, "roads"),
		Road:   rapid.SampledFrom([]string{"", RoadWS, RoadSSE, RoadPoll}).Draw(w.t, "road"),
		Random: func() float64 { return rapid.Float64Range(0, 0.999).Draw(w.t, "random") },
		Secret: func() protocol.Secret {
			w.secrets++
			w.renewed = true
			if w.late() {
				w.waited = w.keys
			}
			return protocol.Secret(fmt.Sprintf("20781.%022d", w.secrets))
		},
	})
}

func (w *world) step(in Input) {
	w.document.changed = false
	for _, effect := range w.core.Step(w.now, in) {
		switch e := effect.(type) {
		case AskToken:
			w.asked = true
		case Open:
			if w.link != nil || w.opening != "" || !slices.Contains(w.core.options.Roads, e.Road) {
				w.t.Fatalf("opened a transport over %q while there is one, or over a road that is not there", e.Road)
			}
			w.opening = e.Road
		case Try:
			best := slices.Index(w.core.options.Roads, e.Road)
			if w.link == nil || w.trying != "" || best < 0 || best >= slices.Index(w.core.options.Roads, w.road) {
				w.t.Fatalf("tried %s beside %s, with %q out", e.Road, w.road, w.trying)
			}
			w.trying = e.Road
		case Send:
			messages, err := protocol.Split(e.Frame)
			if err != nil || w.link == nil {
				w.t.Fatalf("sent %s on %v: %v", e.Frame, w.link, err)
			}
			for _, m := range messages {
				w.said(m)
				w.stored(m)
				w.link.in = append(w.link.in, m)
			}
		case Shut:
			w.cut()
		case Started:
			r := w.readers[e.Handler]
			again := r.begun && !e.Recovered && r.topic == modelDocument && r.doc == "" // its log was lost
			if p, ok := r.from.Position(); !again && (r.begun || !e.Recovered && !ok || r.from.Earliest() && e.Position.Offset != 0 || ok && e.Recovered && p != e.Position) {
				w.t.Fatalf("handler %d from %+v started at %+v", e.Handler, r.from, e)
			}
			r.begun, r.at = true, e.Position.Offset
			w.reach(r, e.Position, false)
		case Snapshot:
			w.snapshot(e)
		case Outdated:
			w.outdated(e.Key)
		case Doubtful:
			if _, done := w.settled[e.Key]; done || w.link != nil {
				w.t.Fatalf("DOC-18: operation %d is doubtful: settled %v, link %v", e.Key, done, w.link)
			}
		case Deliver:
			for _, h := range e.Handlers {
				r := w.readers[h]
				if !r.open || !r.begun || r.topic != e.Topic || e.Entry.Offset <= r.at || e.Entry.Offset-e.Skipped > r.at+1 {
					w.t.Fatalf("handler %d at %+v got %s %d, %d skipped", h, r, e.Topic, e.Entry.Offset, e.Skipped)
				}
				r.at = e.Entry.Offset
				if r.doc != "" {
					r.value += keyOf(*e.Entry)
				}
				w.reach(r, e.Entry.Position(), false)
			}
		case Failed:
			r := w.readers[e.Handler]
			if e.Err.Code != protocol.WrongType || r.doc == "" || r.doc == "counter" && r.topic == modelDocument {
				w.t.Fatalf("handler %d, %+v, failed: %v", e.Handler, r, e.Err)
			}
			r.open = false
		case Settled:
			if _, twice := w.settled[e.Key]; twice || w.published[e.Key] == "" {
				w.t.Fatalf("settled twice, or never published: %+v", e)
			}
			w.settled[e.Key] = e
			w.document.changed = w.document.changed || w.published[e.Key] == modelDocument && e.Err != nil
		case Page:
			if done, known := w.pages[e.Key]; done || !known {
				w.t.Fatalf("answered twice, or never asked: %+v", e)
			}
			w.pages[e.Key] = true
		case Keep:
			w.keep(e)
		case Wait:
			w.wish = e.Until
		}
	}
	if w.renewed {
		w.renewed = false
		w.checkSeen()
	}
	if w.document.changed && w.document.positional && w.link != nil {
		w.amend()
	}
	// A try that came due while probing is made late; a tick makes it.
	if _, ticked := in.(Tick); w.wish < w.now && (ticked || w.wish != w.core.roads.due) {
		w.t.Fatalf("after %T at %d the wish is %d", in, w.now, w.wish)
	}
}

// cut ends the link. The server may still get some of what was under way.
func (w *world) cut() {
	l := w.link
	w.link, w.opening, w.trying = nil, "", ""
	if l == nil {
		return
	}
	for n := rapid.IntRange(0, len(l.in)).Draw(w.t, "late"); n > 0 && l.welcomed; n-- {
		l.work()
	}
}

func (w *world) key() uint64 {
	w.keys++
	return w.keys
}

func (w *world) publish() {
	k, topic := w.key(), rapid.SampledFrom(modelTopics).Draw(w.t, "topic")
	w.published[k], w.entryKeys[k] = topic, rapid.SampledFrom(modelKeys).Draw(w.t, "entry key")
	w.step(Publish{
		Key: k, Topic: topic, EntryKey: w.entryKeys[k], Data: jsontext.Value(strconv.FormatUint(k, 10)),
		Timeout: rapid.SampledFrom([]int64{0, 0, 0, 1, 1000, 30_000}).Draw(w.t, "timeout"),
	})
}

func (w *world) subscribe() {
	h, topic := w.key(), rapid.SampledFrom(modelTopics).Draw(w.t, "topic")
	at := rapid.IntRange(0, len(w.model.logs[topic])).Draw(w.t, "at")
	from := rapid.SampledFrom([]protocol.From{
		protocol.FromNew(), protocol.FromEarliest(), protocol.FromLast(2), protocol.FromPosition(w.model.position(topic, at)),
		protocol.FromPosition(protocol.Position{Term: "othersothe1", Offset: uint64(at + 1)}),
	}).Draw(w.t, "from")
	w.readers[h] = &reader{topic: topic, from: from, open: true}
	w.step(Subscribe{Handler: h, Topic: topic, From: from, Else: rapid.SampledFrom([]string{"", "earliest", "new"}).Draw(w.t, "else")})
}

func (w *world) unsubscribe() {
	if len(w.readers) == 0 {
		return
	}
	h := rapid.SampledFrom(slices.Sorted(maps.Keys(w.readers))).Draw(w.t, "handler")
	w.readers[h].open = false
	w.step(Unsubscribe{h})
}

func (w *world) lose() {
	if w.link == nil && w.opening == "" {
		return
	}
	w.cut()
	w.step(Lost{rapid.SampledFrom([]int{0, 1006, 1001, 4003, 4100}).Draw(w.t, "code")})
}

// move lets one thing happen that is due: an answer of the application, the
// transport or the server. It reports false if nothing was.
func (w *world) move() bool {
	switch {
	case w.asked:
		w.asked = false
		if !w.model.kind && rapid.IntRange(0, 9).Draw(w.t, "token") == 0 {
			w.step(TokenFailed{"none"})
		} else {
			w.step(Token{"t"})
		}
	case w.opening != "" && w.blocked[w.opening]:
		if rapid.Bool().Draw(w.t, "hangs") {
			return false
		}
		w.opening = ""
		w.step(Lost{})
	case w.opening != "":
		w.road, w.opening, w.link = w.opening, "", w.model.connect()
		w.step(Opened{})
	case w.trying != "" && rapid.Bool().Draw(w.t, "tried"):
		road := w.trying
		w.trying = ""
		w.step(Tried{road, !w.blocked[road]})
	case rapid.IntRange(0, 2).Draw(w.t, "storage") == 0 && w.storageMoves():
	case w.link != nil && len(w.link.in) > 0 && (len(w.link.out) == 0 || rapid.Bool().Draw(w.t, "server")):
		w.link.work()
	case w.link != nil && len(w.link.out) > 0:
		raw := w.link.out[0]
		w.link.out = w.link.out[1:]
		m, err := DecodeMessage(raw)
		if err != nil {
			w.t.Fatalf("%s: %v", raw, err)
		}
		if w.road != RoadWS && answersCommand(m) {
			w.step(Aside{m})
		} else {
			w.step(Message{m})
		}
	default:
		return w.storageMoves()
	}
	return true
}

// answersCommand says whether a message comes, where there is no WebSocket, in
// answer to a POST.
func answersCommand(m any) bool {
	switch m.(type) {
	case *protocol.Ack, *protocol.RefusedMessage, *protocol.RejectedMessage, *protocol.GapMessage, *protocol.HistoryPage:
		return true
	}
	return false
}

func (w *world) tick() {
	if w.wish != Never {
		w.now = max(w.wish, w.now)
	}
	w.step(Tick{})
}

func (w *world) serverSays() {
	if w.link == nil || !w.link.welcomed {
		return
	}
	switch rapid.SampledFrom([]string{"ping", "expired", "close"}).Draw(w.t, "says") {
	case "ping":
		w.link.say(&protocol.Ping{})
	case "expired":
		w.link.expired = true
		w.link.say(&protocol.Failure{Error: protocol.Errorf(protocol.TokenExpired, "")})
	case "close":
		w.link.say(&protocol.Close{Error: protocol.Errorf(protocol.Draining, "")})
	}
}

// forget lets the server forget the client, as it does after a long time.
func (w *world) forget() {
	w.now += rapid.SampledFrom([]int64{2 * day, 21 * day}).Draw(w.t, "later")
	if w.secrets > 0 {
		w.model.expired[fmt.Sprintf("20781.%022d", w.secrets)] = true
	}
	w.step(Tick{})
}

// block lets the network take a road away, or give it back.
func (w *world) block() {
	road := rapid.SampledFrom(w.core.options.Roads).Draw(w.t, "block")
	w.blocked[road] = !w.blocked[road]
	if w.blocked[road] && w.link != nil && w.road == road {
		w.lose()
	}
}

func (w *world) act() {
	what := rapid.IntRange(0, 99).Draw(w.t, "act")
	switch {
	case what < 12:
		w.publish()
	case what < 20:
		w.operate()
	case what < 21:
		w.amend()
	case what < 24:
		w.subscribe()
	case what < 26:
		w.openDocument()
	case what < 28:
		w.unsubscribe()
	case what < 30:
		w.step(Abort{rapid.Uint64Range(1, w.keys+1).Draw(w.t, "key")})
	case what < 33:
		w.lose()
	case what < 36:
		w.serverSays()
	case what < 37:
		w.step(Wake{Network: rapid.Bool().Draw(w.t, "network")})
	case what < 38:
		k := w.key()
		w.pages[k] = false
		w.step(History{Key: k, Topic: "a"})
	case what < 39:
		w.forget()
	case what < 40:
		w.block()
	case what < 42:
		w.loseLog()
	case what < 48:
		w.tick()
	default:
		if !w.move() {
			w.tick()
		}
	}
}

// calm lets everything come to its end, nothing more going wrong. An entry that
// got lost unseen shows at the next connection at the latest.
func (w *world) calm() {
	w.model.kind = true
	w.blocked = map[string]bool{}
	for _, road := range w.core.options.Roads[1:] {
		w.blocked[road] = rapid.Bool().Draw(w.t, "stays blocked")
	}
	if w.operations() > 0 {
		h := w.key()
		w.readers[h] = &reader{topic: modelDocument, doc: "counter", open: true, from: protocol.FromPosition(w.document.at), value: w.document.shown}
		w.step(Subscribe{Handler: h, Topic: modelDocument, From: w.readers[h].from, Doc: "counter"})
	}
	if w.model.faults > 0 || rapid.Bool().Draw(w.t, "cut") {
		w.lose()
	} else if w.link != nil {
		w.link.flow()
	}
	for n := 0; ; n++ {
		if n > 20_000 {
			w.t.Fatalf("nothing comes to an end: %+v, %d entries unanswered", w.core.connection, w.core.outboxes.entries)
		}
		switch {
		case w.move():
		case w.core.State() == Parked:
			w.step(Connect{})
		case w.core.State() == Live && w.core.outboxes.entries == 0 && !w.core.connection.expired && w.core.subscriptions.wish(w.core) == Never:
			return
		default:
			w.tick()
		}
	}
}

func (w *world) check() {
	for key, topic := range w.published {
		s, ok := w.settled[key]
		at := w.model.placesOf(topic, key)
		switch {
		case w.vanished[key]:
		case !ok:
			w.t.Errorf("publish %d was never settled", key)
		case strings.HasPrefix(w.entryKeys[key], "no") && (s.Err == nil || s.Err.Code != protocol.BadMessage):
			w.t.Errorf("publish %d has the bad key %q, and was settled as %+v", key, w.entryKeys[key], s)
		case len(at) > 1:
			w.t.Errorf("publish %d is in the log at %v", key, at)
		case w.model.lost[key]:
		case s.Err == nil && (len(at) != 1 || at[0] != s.Position.Offset):
			w.t.Errorf("publish %d was acknowledged at %d and is at %v", key, s.Position.Offset, at)
		case s.Err != nil && !s.Unconfirmed && len(at) != 0:
			w.t.Errorf("publish %d failed (%v) and is in the log at %v", key, s.Err, at)
		}
	}
	for topic, log := range w.model.logs {
		last := uint64(0)
		for _, e := range log {
			k := keyOf(e)
			if w.storage != nil && w.storage.breaks && w.model.lost[k] {
				continue // it was acknowledged, and that could not be stored: a later life sends it again
			}
			if k <= last {
				w.t.Errorf("%s %d holds publish %s behind %d", topic, e.Offset, e.Data, last)
			}
			if e.Key != w.entryKeys[k] {
				w.t.Errorf("%s %d has the key %q, published as %q", topic, e.Offset, e.Key, w.entryKeys[k])
			}
			last = k
		}
	}
	for h, r := range w.readers {
		if r.open && (!r.begun || r.at != uint64(len(w.model.logs[r.topic]))) {
			w.t.Errorf("handler %d is at %+v of %d", h, r, len(w.model.logs[r.topic]))
		}
		if r.open && r.doc != "" && r.value != w.model.value(r.at) {
			w.t.Errorf("COUNTER-1: handler %d shows %d, and the log makes %d", h, r.value, w.model.value(r.at))
		}
	}
	for k, answered := range w.pages {
		if !answered {
			w.t.Errorf("page %d was never answered", k)
		}
	}
}

// TestExactlyOnce lets anything happen between a core and a naive server, and
// then compares what the application was told with the server's logs.
func TestExactlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.Bool().Draw(t, "keeps"))
		w.step(Connect{})
		for n := rapid.IntRange(1, 300).Draw(t, "acts"); n > 0; n-- {
			w.act()
		}
		w.calm()
		w.check()
	})
}

// TestRoads/CONN-12: whatever the network has done before, once the best road
// is open again the client comes back to it by itself.
func TestRoads(t *testing.T) {
	t.Run("CONN-12_back_to_the_best", rapid.MakeCheck(func(t *rapid.T) {
		w := newWorld(t, rapid.Bool().Draw(t, "keeps"))
		w.step(Connect{})
		for n := rapid.IntRange(1, 200).Draw(t, "acts"); n > 0; n-- {
			w.act()
		}
		w.calm()
		best := w.core.options.Roads[0]
		for n := 0; w.road != best || w.core.State() != Live; n++ {
			if n > 2000 {
				t.Fatalf("after %d ms the client is %s on %s", w.now, w.core.State(), w.road)
			}
			if w.trying == "" && w.link != nil && len(w.link.in)+len(w.link.out) == 0 && rapid.Bool().Draw(t, "ping") {
				w.link.say(&protocol.Ping{})
			}
			if !w.move() {
				w.tick()
			}
		}
		w.calm()
		w.check()
	}))
	t.Run("CONN-11_down_to_what_is_left", rapid.MakeCheck(func(t *rapid.T) {
		w := newWorld(t, rapid.Bool().Draw(t, "keeps"))
		left := rapid.SampledFrom(w.core.options.Roads).Draw(t, "left")
		for _, road := range w.core.options.Roads {
			w.blocked[road] = road != left
		}
		w.model.kind = true
		w.step(Connect{})
		w.publish()
		attempts := 0
		for w.core.State() != Live {
			if w.opening != "" && w.core.connection.stage == stageOpen {
				attempts++
			}
			if attempts > 100 {
				t.Fatalf("no way over %s", left)
			}
			if !w.move() {
				w.tick()
			}
		}
		if w.road != left {
			t.Fatalf("live over %s, which is blocked", w.road)
		}
	}))
}

// TestCloseSettles closes at any time, and finds nothing open.
func TestCloseSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.Bool().Draw(t, "keeps"))
		w.step(Connect{})
		for n := rapid.IntRange(0, 100).Draw(t, "acts"); n > 0; n-- {
			w.act()
		}
		w.step(Close{})
		if w.link != nil || w.wish != Never {
			t.Fatalf("a link or a wish is left: %v, %d", w.link, w.wish)
		}
		for k := range w.published {
			s, ok := w.settled[k]
			if !ok {
				t.Errorf("publish %d is not settled", k)
			}
			if s.Err != nil && !s.Unconfirmed && len(w.model.placesOf(w.published[k], k)) > 0 {
				t.Errorf("publish %d failed (%v) and is in the log", k, s.Err)
			}
		}
	})
}

// TestRenewal lets a client that writes a document be forgotten again and again.
func TestRenewal(t *testing.T) {
	t.Run("DOC-34_what_was_taken_is_seen_first", rapid.MakeCheck(func(t *rapid.T) {
		w := newWorld(t, rapid.Bool().Draw(t, "keeps"))
		w.step(Connect{})
		h := w.key()
		w.readers[h] = &reader{topic: modelDocument, doc: "counter", open: true}
		w.step(Subscribe{Handler: h, Topic: modelDocument, Doc: "counter"})
		for n := rapid.IntRange(1, 200).Draw(t, "acts"); n > 0; n-- {
			switch what := rapid.IntRange(0, 19).Draw(t, "act"); {
			case what < 3:
				w.operate()
			case what < 4:
				w.lose()
			case what < 5:
				w.forget()
			default:
				if !w.move() {
					w.tick()
				}
			}
		}
		w.calm()
		w.check()
	}))
}
