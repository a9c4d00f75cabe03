package text

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// agreedSession is what a session was told, and what it said.
type agreedSession struct {
	Client string       `json:"client"`
	Moves  []agreedMove `json:"moves"`
	Text   string       `json:"text"`
}

// agreedMove is a call with its arguments, and behind these what came of it.
type agreedMove struct {
	Do        string          `json:"do"`
	Op        Op              `json:"op,omitzero"`        // local
	Operation uint64          `json:"operation,omitzero"` // the same
	Step      bool            `json:"step,omitzero"`      // the same
	Entry     *agreedEntry    `json:"entry,omitzero"`     // receive
	Own       uint64          `json:"own,omitzero"`       // the same
	Keys      []uint64        `json:"keys,omitzero"`      // acknowledge, reject, rebase; open: those that the snapshot holds
	Snapshot  *agreedSnapshot `json:"snapshot,omitzero"`  // open
	Recovered bool            `json:"recovered,omitzero"` // the same

	Made      []uint64        `json:"made,omitzero"` // keys
	Shown     Op              `json:"shown,omitzero"`
	Confirmed uint64          `json:"confirmed,omitzero"`
	Rebased   bool            `json:"rebased,omitzero"`
	Pending   []agreedPending `json:"pending,omitzero"` // none: as before
}

type agreedPending struct {
	Key          uint64 `json:"key"`
	Base         uint64 `json:"base"`
	Op           Op     `json:"op"`
	Acknowledged bool   `json:"acknowledged"`
}

// noted is a session, and if it is asked to, what it was told and said.
type noted struct {
	*Session
	noting bool
	moves  []agreedMove
	last   []agreedPending
}

func (n *noted) note(m agreedMove, made []uint64, step Step) {
	if !n.noting {
		return
	}
	m.Made, m.Confirmed, m.Rebased = made, step.Confirmed, step.Rebased
	if len(step.Op) > 0 {
		m.Shown = slices.Clone(step.Op)
	}
	pending := []agreedPending{}
	for _, p := range n.Pending() {
		pending = append(pending, agreedPending{p.Key, p.Base, listed(p.Op), p.Acknowledged})
	}
	if !reflect.DeepEqual(pending, n.last) {
		m.Pending, n.last = pending, pending
	}
	n.moves = append(n.moves, m)
}

func (n *noted) Local(op Op, join Join) (uint64, error) {
	key, err := n.Session.Local(op, join)
	n.note(agreedMove{Do: "local", Op: listed(op), Operation: join.Operation, Step: join.Step}, []uint64{key}, Step{})
	return key, err
}

func (n *noted) Receive(e Entry, own uint64) (Step, error) {
	step, err := n.Session.Receive(e, own)
	n.note(agreedMove{Do: "receive", Entry: &agreedEntry{e.Offset, e.Client, e.Base, e.After, listed(e.Op), nil}, Own: own}, nil, step)
	return step, err
}

func (n *noted) Acknowledge(key uint64) {
	n.Session.Acknowledge(key)
	n.note(agreedMove{Do: "acknowledge", Keys: []uint64{key}}, nil, Step{})
}

func (n *noted) Reject(keys ...uint64) Step {
	step := n.Session.Reject(keys...)
	n.note(agreedMove{Do: "reject", Keys: keys}, nil, step)
	return step
}

func (n *noted) Rebase(from uint64) Step {
	step := n.Session.Rebase(from)
	n.note(agreedMove{Do: "rebase", Keys: []uint64{from}}, nil, step)
	return step
}

func (n *noted) Open(snapshot Snapshot, in func(uint64) bool, recovered bool) (Step, error) {
	held := []uint64{}
	for _, p := range n.Pending() {
		if in(p.Key) {
			held = append(held, p.Key)
		}
	}
	step, err := n.Session.Open(snapshot, in, recovered)
	agreed := agreedOf(snapshot)
	n.note(agreedMove{Do: "open", Snapshot: &agreed, Keys: held, Recovered: recovered}, nil, step)
	return step, err
}

func (n *noted) Undo() ([]uint64, Op, error) {
	keys, op, err := n.Session.Undo()
	n.note(agreedMove{Do: "undo"}, keys, Step{Op: op})
	return keys, op, err
}

func (n *noted) Redo() ([]uint64, Op, error) {
	keys, op, err := n.Session.Redo()
	n.note(agreedMove{Do: "redo"}, keys, Step{Op: op})
	return keys, op, err
}

// again does with a session what another was told, of which it notes the same.
func (n *noted) again(m *agreedMove) (err error) {
	switch m.Do {
	case "local":
		_, err = n.Local(m.Op, Join{Operation: m.Operation, Step: m.Step})
	case "receive":
		e := m.Entry
		_, err = n.Receive(Entry{e.Offset, e.Client, e.Base, e.After, e.Op}, m.Own)
	case "acknowledge":
		n.Acknowledge(m.Keys[0])
	case "reject":
		n.Reject(m.Keys...)
	case "rebase":
		n.Rebase(m.Keys[0])
	case "open":
		_, err = n.Open(m.Snapshot.snapshot(), func(key uint64) bool { return slices.Contains(m.Keys, key) }, m.Recovered)
	case "undo":
		_, _, err = n.Undo()
	case "redo":
		_, _, err = n.Redo()
	default:
		err = fmt.Errorf("nothing is %s", m.Do)
	}
	return err
}

func (a *agreedSnapshot) snapshot() Snapshot {
	s := Snapshot{Text: a.Text, Bar: a.Bar, Length: a.Length}
	for i, e := range a.Log {
		entry := Entry{Offset: a.Bar + uint64(i) + 1, Base: a.Bar}
		if e != nil {
			entry.Client, entry.Base, entry.After, entry.Op = e.Client, e.Base, e.After, e.Op
		}
		s.Entries = append(s.Entries, entry)
	}
	return s
}

// TestAgree_sessions holds sessions together.
func TestAgree_sessions(t *testing.T) {
	for i, a := range vectorsOf(t, "sessions.json", func() (all []agreedSession) {
		for seed := range uint64(60) {
			d := newDesk(t, rand.New(rand.NewPCG(seed, 18)), 3)
			w := d.writers[int(seed)%3]
			w.noting = true
			d.work(110)
			all = append(all, agreedSession{w.name, w.moves, w.String()})
		}
		for _, tell := range []func(*noted) error{changedPlaces, heldWithoutEffect} {
			n := &noted{Session: NewSession("ann"), noting: true}
			if err := tell(n); err != nil {
				t.Fatal(err)
			}
			all = append(all, agreedSession{"ann", n.moves, n.String()})
		}
		return all
	}) {
		n := &noted{Session: NewSession(a.Client), noting: true}
		for k := range a.Moves {
			if err := n.again(&a.Moves[k]); err != nil {
				t.Fatalf("session %d, move %d: %v", i, k, err)
			}
			if got, want := n.moves[k], a.Moves[k]; !reflect.DeepEqual(got, want) {
				t.Fatalf("session %d, move %d: it is %+v, want %+v", i, k, got, want)
			}
		}
		if n.String() != a.Text {
			t.Errorf("session %d: the text is %q, want %q", i, n.String(), a.Text)
		}
	}
}
