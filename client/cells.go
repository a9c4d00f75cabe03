package client

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
)

// cells is the content of a document that consists of cells by key.
type cells struct {
	replica *replica
	typ     doc.Type
	state   *doc.Replica
	said    map[uint64]jsontext.Value // of the pending operations

	touched observerList[[]string] // told under the replica's mu
	folded  observerList[doc.Folded]
}

// open returns a handle on a document of cells.
func (c *Client) open(topic string, typ doc.Type, options DocumentOptions) *Document {
	r := c.join(topic, typ.Name(), newCells(typ), options.Offline)
	return &Document{replica: r, cells: r.content.(*cells), options: options}
}

func newCells(typ doc.Type) func(*replica) content {
	return func(r *replica) content {
		return &cells{replica: r, typ: typ, state: doc.NewReplica(typ), said: make(map[uint64]jsontext.Value)}
	}
}

// mutate makes a mutation of an operation, which marshals to JSON, unless
// something is wrong with it: then it is rejected already, nothing has changed
// and nothing is sent. Made is called under the replica's mu if it is made.
func (s *cells) mutate(operation any, err error, timeout time.Duration, made func(*Mutation, []doc.Replacement)) (*Mutation, []doc.Replacement) {
	r := s.replica
	m := r.newMutation()
	var data []byte
	var op doc.Op
	if err == nil {
		if data, err = marshal(operation); err != nil {
			err = protocol.Errorf(protocol.BadOperation, "The operation is not JSON: %v", err)
		} else {
			op, err = s.typ.Decode(data)
		}
	}
	r.making.Lock()
	defer r.making.Unlock()
	differences, err := s.make(m, op, data, err, made)
	if err != nil {
		r.refuse(m, err)
		return m, nil
	}
	r.submit(m, timeout)
	return m, differences
}

func (s *cells) make(m *Mutation, op doc.Op, data jsontext.Value, err error, made func(*Mutation, []doc.Replacement)) ([]doc.Replacement, error) {
	r := s.replica
	r.mu.Lock()
	defer r.mu.Unlock()
	if ended := r.check(); ended != nil {
		err = ended
	}
	if err != nil {
		return nil, err
	}
	m.keys = op.Keys()
	differences := make([]doc.Replacement, 0, len(m.keys))
	for _, key := range m.keys {
		differences = append(differences, doc.Replacement{Key: key, Before: s.state.Get(key)})
	}
	r.mutations[m.key], s.said[m.key] = m, data
	change := s.state.Mutate(m.key, op)
	for i := range differences {
		differences[i].After = s.state.Get(differences[i].Key)
	}
	if made != nil {
		made(m, differences)
	}
	s.take(change)
	tell(r.client, &r.mutated, m)
	return differences, nil
}

// take tells what a step of the state changed.
func (s *cells) take(change doc.Change) {
	r := s.replica
	if len(change.Keys) > 0 {
		for _, o := range s.touched.all() {
			o.fn(change.Keys)
		}
		tell(r.client, &r.changed, change.Keys)
	}
	for _, f := range change.Folded {
		if m := r.mutations[f.Own]; m != nil && m.folded != nil {
			m.folded(f.Cells)
		}
	}
	for _, done := range change.Confirmed {
		delete(s.said, done.Key)
		r.confirm(done.Key, done.Position)
	}
	for _, key := range change.Lost {
		delete(s.said, key)
		r.lose(key)
	}
	for _, f := range change.Folded {
		tell(r.client, &s.folded, f)
	}
	for _, fault := range change.Faults {
		r.fault(fault)
	}
}

func (s *cells) words(key uint64) (base uint64, data jsontext.Value, ok bool) {
	data, ok = s.said[key]
	return s.state.Base(key), data, ok
}

func (s *cells) pendingOn(key string) []uint64 { return s.state.PendingOn(key) }

func (s *cells) identify(client string) { s.take(s.state.Identify(client)) }

func (s *cells) sent(key uint64, client string, seq uint64) { s.state.Sent(key, client, seq) }

func (s *cells) acknowledge(key uint64, at protocol.Position) { s.take(s.state.Acknowledge(key, at)) }

func (s *cells) drop(key uint64) {
	delete(s.said, key)
	s.take(s.state.Drop(key))
}

func (s *cells) fold(entries []*protocol.Entry) {
	s.state.Watch = len(s.folded.all()) > 0
	s.take(s.state.Entries(entries))
}

func (s *cells) show(snapshot *protocol.Snapshot, recovered bool) error {
	change, err := s.state.Snapshot(snapshot, recovered)
	if err == nil {
		s.take(change)
	}
	return err
}

func (s *cells) save() (jsontext.Value, bool) { return s.state.AppendConfirmed(nil), true }

func (s *cells) resume(k resumed) (unfit []uint64, err error) {
	if k.stored != nil {
		if err := s.show(k.stored.snapshot(s.replica.topic), true); err != nil {
			return nil, err
		}
		s.fold(k.stored.Entries)
	}
	s.identify(k.client)
	for _, o := range k.operations {
		op, err := s.typ.Decode(o.Data)
		if err != nil {
			unfit = append(unfit, o.Key)
			continue
		}
		s.replica.restore(o, op.Keys())
		s.said[o.Key] = o.Data
		s.take(s.state.Restore(o.Key, op, o.Base))
		if o.Seq > 0 {
			s.sent(o.Key, k.client, o.Seq)
		}
		if o.Place != nil {
			s.acknowledge(o.Key, *o.Place)
		}
	}
	return unfit, nil
}
