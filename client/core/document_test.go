package core

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
)

// modelDocument is the topic that is a counter. An operation adds its key, so
// that the value tells which were counted.
const modelDocument = "d"

// reading is how a link reads the document.
type reading struct {
	opened   bool // since it was last left, so that operations may come
	document bool // its subscription is one of the document
	wants    bool // a snapshot, before anything else
	stale    bool // it has told entries that were lost since, and does not know it
}

func keyOf(e protocol.Entry) uint64 {
	digits, _ := strings.CutPrefix(string(e.Data), `{"op":"add","n":`)
	key, err := strconv.ParseUint(strings.TrimSuffix(digits, "}"), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("the log holds %s", e.Data))
	}
	return key
}

func addition(key uint64) jsontext.Value {
	return jsontext.Value(fmt.Sprintf(`{"op":"add","n":%d}`, key))
}

// value is the counter after the first n entries of its log.
func (m *model) value(n uint64) uint64 {
	sum := uint64(0)
	for _, e := range m.logs[modelDocument][:n] {
		sum += keyOf(e)
	}
	return sum
}

// open opens the document, or reads its entries, and returns whether a snapshot
// comes first.
func (l *link) open(s *protocol.Subscribe, recovered bool) bool {
	_, known := s.From.Position()
	l.document, l.wants = s.Doc != "", false
	if l.document {
		l.opened = true
		l.wants = !known || !recovered || !l.model.kind && rapid.IntRange(0, 3).Draw(l.model.t, "far behind") == 0
	}
	return l.wants
}

func (l *link) leave(topic string) {
	delete(l.places, topic)
	if topic == modelDocument {
		l.reading = reading{stale: l.stale}
	}
}

// flowDocument says the snapshot that is due, or one in place of entries; it
// reports whether entries may follow.
func (l *link) flowDocument() bool {
	head := len(l.model.logs[modelDocument])
	switch {
	case l.stale:
		return false
	case l.wants && !l.model.kind && rapid.Bool().Draw(l.model.t, "snapshot waits"):
		return false
	case l.wants:
	case !l.document || l.model.kind || int(l.places[modelDocument]) == head || rapid.IntRange(0, 9).Draw(l.model.t, "snapshot") > 0:
		return true
	}
	l.wants, l.places[modelDocument] = false, uint64(head)
	p := l.model.position(modelDocument, head)
	cells := "[]"
	if head > 0 {
		cells = fmt.Sprintf(`[["",%d]]`, l.model.value(uint64(head)))
	}
	l.say(&protocol.Snapshot{Topic: modelDocument, Offset: p.Offset, Term: p.Term, Cells: jsontext.Value(cells)})
	return true
}

// cutOff ends a stale link by whatever the client says of the document, unless
// it is an operation that shows that something is wrong.
func (l *link) cutOff(command any) bool {
	topic := ""
	switch c := command.(type) {
	case *protocol.Subscribe:
		topic = c.Topic
	case *protocol.Publish:
		if topic = c.Topic; c.Base != nil {
			if !l.opened {
				l.model.t.Fatalf("DOC-20: %s comes before the document is open", c.Data)
			}
			if *c.Base > uint64(len(l.model.logs[topic])) {
				return false
			}
		}
	}
	if !l.stale || topic != modelDocument {
		return false
	}
	l.say(&protocol.Close{Error: protocol.Errorf(protocol.Draining, "")})
	return true
}

// loseLog takes away the end of the document's log, and all memory of it.
func (m *model) loseLog(n int) {
	m.losses++
	for _, e := range m.logs[modelDocument][n:] {
		m.lost[keyOf(e)] = true
	}
	m.logs[modelDocument] = m.logs[modelDocument][:n]
	for key, known := range m.memory {
		if !strings.HasSuffix(key, " "+modelDocument) {
			continue
		}
		maps.DeleteFunc(known.accepted, func(_ uint64, at protocol.Position) bool { return at.Offset > uint64(n) })
		last := uint64(0)
		for seq := range known.accepted {
			last = max(last, seq)
		}
		maps.DeleteFunc(known.void, func(seq uint64, _ bool) bool { return seq > last })
	}
}

// loseLog lets the server lose the end of the document's log. It ends the
// connection, tells of it, or goes on without a word until that shows.
func (w *world) loseLog() {
	if w.model.losses == 99 {
		return
	}
	n := rapid.IntRange(0, len(w.model.logs[modelDocument])).Draw(w.t, "left")
	how := rapid.SampledFrom([]string{"cut", "told", "mute"}).Draw(w.t, "loss")
	l := w.link
	if l != nil && (how == "cut" || l.stale || !l.welcomed) {
		w.lose()
		l = nil
	}
	w.model.loseLog(n)
	if l == nil {
		return
	}
	at, reads := l.places[modelDocument]
	switch {
	case how == "mute":
		l.stale = true
		w.model.faults++
	case reads && at > uint64(n):
		l.places[modelDocument] = 0
		l.wants = l.document
		l.say(&protocol.Subscribed{Topic: modelDocument, Recovered: false, Snapshot: l.document})
	}
}

// document is what the application knows of the document.
type document struct {
	at     protocol.Position // the latest place that a reader was told
	lost   int               // how often it was told that the log is lost
	base   map[uint64]uint64 // by key of an operation: the base that it was made with
	losses map[uint64]int    // and lost at that time
	shown  uint64            // the counter at that place

	positional bool // operations are
	changed    bool // in this step, what positional ones are to say
}

// reach notes where a reader of the document is, and compares what it shows
// with the log if that still has the place.
func (w *world) reach(r *reader, p protocol.Position, lost bool) {
	if r.doc == "" || r.topic != modelDocument {
		return
	}
	if d := &w.document; lost || p.Offset >= d.at.Offset {
		d.at, d.shown = p, r.value
	}
	log := w.model.logs[modelDocument]
	if p.Offset <= uint64(len(log)) && w.model.position(modelDocument, int(p.Offset)) == p && r.value != w.model.value(p.Offset) {
		w.t.Fatalf("DOC-10: at %d the counter shows %d, not %d", p.Offset, r.value, w.model.value(p.Offset))
	}
}

func (w *world) snapshot(e Snapshot) {
	r := w.readers[e.Handler]
	if !r.open || r.doc == "" || e.Recovered && r.begun && e.Position.Offset < r.at {
		w.t.Fatalf("handler %d at %+v was told %+v", e.Handler, r, e)
	}
	var cells [][2]jsontext.Value
	if err := json.Unmarshal(e.Cells, &cells); err != nil {
		w.t.Fatal(err)
	}
	r.value = 0
	if len(cells) > 0 {
		r.value, _ = strconv.ParseUint(string(cells[0][1]), 10, 64)
	}
	r.begun, r.at = true, e.Position.Offset
	if !e.Recovered {
		w.document.lost++
	}
	w.reach(r, e.Position, !e.Recovered)
	w.document.changed = true
}

// said checks the base of an operation that goes out (rule DOC-19).
func (w *world) said(raw []byte) {
	m, err := protocol.DecodeCommand(raw, protocol.DefaultLimits())
	p, ok := m.(*protocol.Publish)
	if err != nil || !ok || p.Base == nil {
		return
	}
	key := keyOf(protocol.Entry{Data: p.Data})
	if w.document.positional && w.document.changed {
		w.t.Fatalf("DOC-32: operation %d goes out in a step in which it may have to be amended", key)
	}
	want := w.document.base[key]
	if w.document.losses[key] < w.document.lost {
		want = 0
	}
	if *p.Base != want {
		w.t.Fatalf("DOC-19: operation %d goes out with the base %d, not %d", key, *p.Base, want)
	}
}

func (w *world) operate() {
	k, d := w.key(), &w.document
	base := d.at.Offset
	w.published[k], d.base[k], d.losses[k] = modelDocument, base, d.lost
	w.step(Publish{
		Key: k, Topic: modelDocument, Base: &base, Positional: d.positional, Data: addition(k),
		Timeout: rapid.SampledFrom([]int64{0, 0, 0, 0, 1000}).Draw(w.t, "timeout"),
	})
}

// amend says some of the waiting operations anew: as of the place that is known.
func (w *world) amend() {
	d := &w.document
	for _, k := range slices.Sorted(maps.Keys(d.base)) {
		if _, done := w.settled[k]; done || rapid.IntRange(0, 2).Draw(w.t, "amends") == 0 {
			continue
		}
		if d.positional {
			d.base[k], d.losses[k] = d.at.Offset, d.lost
		}
		for _, e := range w.core.Step(w.now, Amend{Key: k, Base: d.at.Offset, Data: addition(k)}) {
			switch e := e.(type) {
			case Keep:
				w.keep(e)
			case Wait:
				w.wish = e.Until
			default:
				w.t.Fatalf("DOC-31: an operation is amended, and there is %T", e)
			}
		}
	}
}

// outdated sees that an operation that is to be said anew is the first that
// waits, and in no log.
func (w *world) outdated(key uint64) {
	w.document.changed = true
	_, done := w.settled[key]
	at := w.model.placesOf(modelDocument, key)
	for k := range w.document.base {
		if _, settled := w.settled[k]; !settled && k >= key {
			at = append(at, w.model.placesOf(modelDocument, k)...)
		}
	}
	if done || !w.document.positional || len(at) > 0 {
		w.t.Fatalf("DOC-33: operation %d is outdated: settled %v, and it or one behind it is at %v", key, done, at)
	}
}

// late says whether the client has waited for what documents lack as long as it does.
func (w *world) late() bool {
	c := w.core
	return c != nil && c.online() && c.identity.expired && w.now >= max(c.identity.since, c.connection.since)+seenTime
}

// checkSeen sees that whoever reads the document was told all operations that were
// acknowledged.
func (w *world) checkSeen() {
	for key := range w.document.base {
		s, done := w.settled[key]
		if !done || s.Err != nil || w.model.lost[key] || key <= w.waited {
			continue
		}
		for h, r := range w.readers {
			if r.open && r.begun && r.topic == modelDocument && r.doc != "" && r.at < s.Position.Offset {
				w.t.Fatalf("DOC-34: a new client begins while handler %d is at %d, and operation %d was acknowledged at %d", h, r.at, key, s.Position.Offset)
			}
		}
	}
}

// operations is how many entries of the document are not answered.
func (w *world) operations() int {
	o := w.core.outboxes.byTopic[modelDocument]
	if o == nil {
		return 0
	}
	return len(o.entries)
}

// openDocument adds a reader of the document: while operations wait, from the
// place that they were made at.
func (w *world) openDocument() {
	h, log := w.key(), w.model.logs[modelDocument]
	at := rapid.IntRange(0, len(log)).Draw(w.t, "at")
	r := &reader{topic: modelDocument, doc: "counter", open: true}
	switch kind := rapid.IntRange(0, 9).Draw(w.t, "kind"); {
	case kind == 0:
		r.doc = "set"
	case kind == 1:
		r.topic = "a"
	case w.operations() > 0:
		r.from, r.value = protocol.FromPosition(w.document.at), w.document.shown
	case kind < 4:
		r.from, r.value = protocol.FromPosition(w.model.position(modelDocument, at)), w.model.value(uint64(at))
	case kind < 5:
		r.from = protocol.FromPosition(protocol.Position{Term: "othersothe1", Offset: uint64(at + 1)})
	}
	w.readers[h] = r
	w.step(Subscribe{Handler: h, Topic: r.topic, From: r.from, Doc: r.doc})
}
