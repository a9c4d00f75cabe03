package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/text"
	texts "github.com/tuttisync/tutti/text/document"
)

// TestDocument_is_the_fold_of_its_log holds two nodes over one log against a
// naive fold of it: operations of clients and of programs, appends that fail,
// documents that are let go, logs that are truncated, nodes that begin anew, and
// readers of all these.
func TestDocument_is_the_fold_of_its_log(t *testing.T) {
	seeds := 80
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		typ := []string{"counter", "set", "records", "text"}[seed%4]
		t.Run(fmt.Sprint("DOC-3_DOC-5_DOC-9_DOC-10_DOC-12_DOC-13_", typ, seed), func(t *testing.T) {
			p := &play{t: t, random: rand.New(rand.NewPCG(uint64(seed), 0)), kind: registry.Kind(typ), log: newFaulty()}
			p.begin(0)
			p.begin(1)
			for range 120 {
				p.step()
				p.look()
			}
		})
	}
}

// play is a random history of one document, "d", and the naive fold beside it.
type play struct {
	t      *testing.T
	random *rand.Rand
	kind   doc.Kind
	log    *faulty
	nodes  [2]*node
	actors [2]*actor // of each node, one

	entries []*protocol.Entry // all that were ever in the log
	lost    uint64            // values below this offset may be gone
}

// actor is a connection that reads the document, and writes to it.
type actor struct {
	*line
	node    *node
	client  string
	seq     uint64
	taken   uint64 // the last seq that is in the log
	at      protocol.Position
	replica mirror
}

func (p *play) begin(i int) {
	if p.nodes[i] != nil {
		p.nodes[i].close()
	}
	p.nodes[i] = newNode(p.t, over(p.log), documentsOf(p.kind.Name()), func(c *Config) { c.DocumentsBytes = 1 })
	p.connect(i, protocol.Position{})
}

// connect puts a new connection in the place of a node's actor, whose reader
// starts from a position, or with a snapshot.
func (p *play) connect(i int, from protocol.Position) {
	replica := p.mirror()
	if from.Offset > 0 {
		replica = p.actors[i].replica
	}
	a := &actor{line: p.nodes[i].open(), node: p.nodes[i], replica: replica, at: from}
	a.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1}]}`, newSecret(p.t)))
	var welcome protocol.Welcome
	must(p.t, json.Unmarshal([]byte(a.expect("welcome").line), &welcome))
	a.client = welcome.Clients[0]
	where := ""
	if from.Offset > 0 {
		where = fmt.Sprintf(`,"from":{"offset":%d,"term":%q}`, from.Offset, from.Term)
	}
	a.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"d","doc":%q%s}`, p.kind.Name(), where))
	p.actors[i] = a
	if m := a.hear(p); m.Type != "subscribed" || !m.Recovered {
		p.t.Fatalf("the hub said %s", m.line)
	}
}

// mirror is a document as a reader holds it.
type mirror interface {
	Offset() uint64
	Entries(entries []*protocol.Entry) doc.Change
	Snapshot(s *protocol.Snapshot, recovered bool) (doc.Change, error)
	AppendValue(b []byte) []byte
}

func (p *play) mirror() mirror {
	if typ := registry.Lookup(p.kind.Name()); typ != nil {
		return doc.NewReplica(typ)
	}
	return &writing{session: text.NewSession("reader")}
}

// writing is a text as its readers hold it: those that fold it, and those that
// have only what entries say of their effect (rule TEXT-14).
type writing struct {
	session *text.Session
	plain   string
}

func (w *writing) Offset() uint64 { return w.session.Offset() }

func (w *writing) Entries(entries []*protocol.Entry) (c doc.Change) {
	for _, e := range entries {
		op, err := texts.Decode(e.Data)
		if err == nil {
			_, err = w.session.Receive(text.Entry{Offset: e.Offset, Client: e.Client, Base: *e.Base, Op: op}, 0)
		}
		effect := op
		if err == nil && e.Eff != nil {
			effect, err = texts.Decode(e.Eff)
		}
		if err == nil {
			w.plain, err = text.Apply(w.plain, effect)
		}
		if err == nil && w.plain != w.session.String() {
			err = fmt.Errorf("the effects make %q, the fold %q", w.plain, w.session)
		}
		if err != nil {
			c.Faults = append(c.Faults, err)
		}
	}
	return c
}

func (w *writing) Snapshot(s *protocol.Snapshot, recovered bool) (doc.Change, error) {
	snapshot, err := texts.DecodeSnapshot(s.Cells)
	if err != nil {
		return doc.Change{}, err
	}
	_, err = w.session.Open(snapshot, func(uint64) bool { return false }, recovered)
	w.plain = snapshot.Text
	return doc.Change{}, err
}

func (w *writing) AppendValue(b []byte) []byte {
	b, _ = jsontext.AppendQuote(b, w.session.String())
	return b
}

// hear takes the next message, and folds it.
func (a *actor) hear(p *play) said {
	m := a.next()
	var change doc.Change
	switch m.Type {
	case "entry":
		e := new(protocol.Entry)
		must(p.t, json.Unmarshal([]byte(m.line), e))
		if e.Offset != a.replica.Offset()+1 {
			p.t.Fatalf("entry %d comes after %d", e.Offset, a.replica.Offset())
		}
		change = a.replica.Entries([]*protocol.Entry{e})
		a.at = e.Position()
	case "snapshot":
		s := new(protocol.Snapshot)
		must(p.t, json.Unmarshal([]byte(m.line), s))
		p.read()
		highest := uint64(0)
		for _, e := range p.entries[:s.Offset] {
			if e.Client == a.client {
				highest = e.Seq
			}
		}
		if told := len(s.Seqs) > 0; told != (highest > 0) || told && s.Seqs[0] != (protocol.ClientSeq{Client: a.client, Seq: highest}) {
			p.t.Fatalf("the snapshot at %d has the seqs %v, want %d", s.Offset, s.Seqs, highest)
		}
		var err error
		change, err = a.replica.Snapshot(s, true)
		must(p.t, err)
		a.at = protocol.Position{Offset: s.Offset, Term: s.Term}
	}
	if len(change.Faults) > 0 {
		p.t.Fatal(change.Faults)
	}
	return m
}

// read notes what is new in the log.
func (p *play) read() {
	stored, err := p.log.Store.Read(context.Background(), "d", uint64(len(p.entries)), 1<<20, 1<<30)
	must(p.t, err)
	for _, s := range stored {
		e, err := protocol.ParseEntry(s.Data)
		must(p.t, err)
		e.Offset = s.Offset
		p.entries = append(p.entries, &e)
	}
}

// fold is the document as of an offset.
func (p *play) fold(offset uint64) doc.Fold {
	s := p.kind.New()
	for _, e := range p.entries[:offset] {
		op, err := p.kind.Decode(e.Data)
		must(p.t, err)
		must(p.t, s.Fold(&doc.Entry{Offset: e.Offset, Client: e.Client, Base: *e.Base}, op))
	}
	return s
}

func (p *play) head() uint64 { return uint64(len(p.entries)) }

func (p *play) step() {
	i, head := p.random.IntN(2), p.head()
	n, a := p.nodes[i], p.actors[i]
	switch p.random.IntN(12) {
	case 0, 1, 2:
		base, op := p.operation()
		_, err := n.Edit(context.Background(), Operation{Trusted: true, Topic: "d", Base: base, Op: []byte(op)})
		p.judged(head, "", base, op, err)
	case 3, 4, 5:
		base, op := p.operation()
		p.judged(head, a.client, base, op, a.publish(p, base, op))
	case 6:
		p.crowd()
	case 7:
		at := uint64(p.random.IntN(len(p.entries) + 2))
		p.glance(n, &at)
	case 8:
		var err error
		if keep := uint64(p.random.IntN(len(p.entries) + 2)); p.random.IntN(2) == 0 {
			_, err = n.Truncate(context.Background(), Admin{Trusted: true}, "d", keep)
		} else if keep > 0 {
			namespace := Namespace{KeepCount: keep, Type: p.kind}
			// As if nobody used it.
			if err = n.trimUnused(context.Background(), p.log, "d", namespace, n.now()); err != nil {
				err = n.storeError(err)
			}
		}
		if err != nil && !isFault(err) {
			p.t.Fatal(err)
		}
		p.lost = p.head()
	case 9:
		n.value("another", nil) // there is room for one only
	case 10:
		if p.random.IntN(3) == 0 {
			p.begin(i)
			return
		}
		call := []string{"append", "append", "put snapshot"}[p.random.IntN(3)]
		p.log.set(times(1+p.random.IntN(2), call, []error{store.ErrUnknown, store.ErrConflict, store.ErrFull}[p.random.IntN(3)]), nil)
	case 11:
		from := protocol.Position{}
		if p.random.IntN(2) == 0 {
			from = a.at
		}
		a.Close(1006, "")
		p.connect(i, from)
	}
}

// publish sends an operation, again until the hub takes or rejects it.
func (a *actor) publish(p *play, base *uint64, op string) error {
	a.seq++
	told := ""
	if base != nil {
		told = fmt.Sprintf(`,"base":%d`, *base)
	}
	if a.taken+1 < a.seq {
		told += fmt.Sprintf(`,"voids":[[%d,%d]]`, a.taken+1, a.seq-1)
	}
	for {
		a.say(fmt.Sprintf(`{"type":"publish","topic":"d","seq":%d%s,"data":%s}`, a.seq, told, op))
		for {
			m := a.hear(p)
			if m.Seq != a.seq || m.Client != a.client || m.Type == "entry" {
				continue
			}
			switch m.Type {
			case "ack":
				a.taken = a.seq
				return nil
			case "rejected":
				return m.Error
			}
			break
		}
	}
}

// judged compares how the nodes and the naive fold judge an operation behind an
// offset.
func (p *play) judged(head uint64, client string, base *uint64, op string, err error) {
	s := p.fold(head)
	e := doc.Entry{Offset: head + 1, Client: client, Base: head}
	if base != nil {
		e.Base = *base
	}
	o, want := p.kind.Decode([]byte(op))
	if want == nil {
		want = s.Fold(&e, o)
	}
	if isFault(err) && client == "" {
		return
	}
	if want == nil != (err == nil) || want != nil && protocol.AsError(want).Code != protocol.AsError(err).Code {
		p.t.Fatalf("%s on base %d: %v, want %v", op, e.Base, err, want)
	}
}

// isFault says whether an error may come of a fault of the store.
func isFault(err error) bool {
	code := protocol.AsError(err).Code
	return err != nil && (code == protocol.StoreUnavailable || code == protocol.StoreFull || code == protocol.Overloaded)
}

// crowd lets many write and ask at once, on both nodes.
func (p *play) crowd() {
	var all sync.WaitGroup
	for i := range 10 {
		n := p.nodes[i%2]
		base, op := p.operation()
		all.Go(func() {
			_, _ = n.Edit(context.Background(), Operation{Trusted: true, Topic: "d", Base: base, Op: []byte(op)})
		})
		all.Go(func() { n.value("d", nil) })
	}
	all.Wait()
}

// look compares all values and readers with the naive fold.
func (p *play) look() {
	p.read()
	for i := range p.nodes {
		p.glance(p.nodes[i], nil)
		a := p.actors[i]
		for a.replica.Offset() < p.head() {
			a.hear(p)
		}
		if got, want := string(a.replica.AppendValue(nil)), string(p.fold(p.head()).AppendValue(nil)); got != want {
			p.t.Fatalf("the reader of node %d has %s at %d, want %s", i, got, p.head(), want)
		}
	}
}

func (p *play) glance(n *node, at *uint64) {
	got := n.value("d", at)
	offset := p.head()
	if at != nil {
		offset = *at
	}
	want := "not_found"
	if offset <= p.head() {
		want = fmt.Sprint(string(p.fold(offset).AppendValue(nil)), " at ", offset)
	}
	if got != want && (at == nil || got != string(protocol.PositionLost) || offset >= p.lost) {
		p.t.Fatalf("the value as of %d is %s, want %s", offset, got, want)
	}
}

// operation draws an operation, and the base of its author.
func (p *play) operation() (base *uint64, op string) {
	if p.random.IntN(3) > 0 {
		base = new(uint64)
		*base = uint64(p.random.IntN(len(p.entries) + 1))
	}
	any := func(all ...string) string { return all[p.random.IntN(len(all))] }
	switch p.kind.Name() {
	case "counter":
		return base, any(`{"op":"add","n":1}`, `{"op":"add","n":-3}`, `{"op":"add","n":0.5}`, `{"op":"add","n":9007199254740991}`)
	case "set":
		return base, fmt.Sprintf(`{"op":%s,"values":[%s]}`, any(`"add"`, `"add"`, `"remove"`, `"clear"`), any(`1`, `"a"`, `{"a":[1]}`, `1,"a"`, `null`))
	}
	splice := func() string {
		return fmt.Sprintf(`[%d,%d,%q]`, p.random.IntN(7), p.random.IntN(3), any("", "a", "bc", "é", "😀", "def"))
	}
	if p.kind.Name() == "text" {
		return base, any("["+splice()+"]", "["+splice()+"]", "["+splice()+"]", "["+splice()+","+splice()+"]", `[]`, `[[0,1]]`, `[[-1,0,"a"]]`)
	}
	step := func() string {
		more := any("", "", `,"ifUnseen":"reject"`, `,"if":[{"is":"present"}]`, `,"if":[{"field":"x","equals":1}]`, `,"own":true`)
		key := any("a", "b", "c")
		return any(
			fmt.Sprintf(`{"op":"set","key":%q,"value":{"x":%d}%s}`, key, p.random.IntN(3), more),
			fmt.Sprintf(`{"op":"patch","key":%q,"set":{%q:%d}%s}`, key, any("x", "y"), p.random.IntN(3), more),
			fmt.Sprintf(`{"op":"patch","key":%q,"unset":["x"]%s}`, key, more),
			fmt.Sprintf(`{"op":"delete","key":%q%s}`, key, more),
			`{"op":"rename"}`,
		)
	}
	if p.random.IntN(5) > 0 {
		return base, step()
	}
	return base, fmt.Sprintf(`{"op":"batch","ops":[%s]}`, strings.Join([]string{step(), step()}, ","))
}
