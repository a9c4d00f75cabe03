package client

import (
	stdjson "encoding/json"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/keep"
	"github.com/tuttisync/tutti/protocol"
)

// Outbox is what a client has not settled yet, and what has become of it when nobody
// was there to be told. It is empty where nothing is kept (Options.Dir).
type Outbox struct {
	client  *Client
	changes observerList[struct{}]
}

// OutboxEntry is an entry that the server has not settled yet.
type OutboxEntry struct {
	Topic string
	Name  string // empty: message
	Doc   string // of an operation: the type of the document
	Data  jsontext.Value
	Time  time.Time // when it was made
	Sent  bool      // it may have been sent
}

// DeadLetter is an entry of a former life of the client that has no effect: the
// server rejected it, or it could not be sent.
type DeadLetter struct {
	ID    string
	Topic string
	Name  string // empty: message
	Key   string // the entry's own key
	Doc   string // of an operation: the type of the document
	Data  jsontext.Value
	Time  time.Time // when it was made
	Err   *protocol.Error
}

// Outbox returns the client's outbox.
func (c *Client) Outbox() *Outbox { return c.outbox }

// Durable says whether all that is not settled outlives the process.
func (o *Outbox) Durable() bool { return o.client.keeper != nil && o.client.keeper.Durable() }

// Entries returns what is not settled, also of processes that are gone and for which
// this client sends, in the order in which it was made. The caller owns it.
func (o *Outbox) Entries() []OutboxEntry {
	var all []OutboxEntry
	for i, k := range o.keepers() {
		if i > 0 && o.client.sides[i-1].ended() {
			continue // what it could not send waits for another client
		}
		for _, e := range k.Entries() {
			all = append(all, OutboxEntry{e.Topic, e.Name, e.Doc, e.Data, time.UnixMilli(e.Made), e.Sent})
		}
	}
	slices.SortStableFunc(all, func(a, b OutboxEntry) int { return a.Time.Compare(b.Time) })
	return all
}

// Dead returns the dead letters. They stay until Retry or Discard. The caller owns
// what is returned.
func (o *Outbox) Dead() []DeadLetter {
	known := make(map[string]bool)
	var all []DeadLetter
	for _, k := range o.keepers() {
		for _, l := range k.Letters() {
			if !known[l.ID] { // one that is being handed over is in two places
				all = append(all, DeadLetter{l.ID, l.Topic, l.Name, l.Key, l.Doc, l.Data, time.UnixMilli(l.Made), l.Err})
			}
			known[l.ID] = true
		}
	}
	slices.SortStableFunc(all, func(a, b DeadLetter) int { return a.Time.Compare(b.Time) })
	return all
}

// keepers are the client's, and those of the clients beside it, which hand their dead
// letters over to it when they end.
func (o *Outbox) keepers() []*keep.Keeper {
	if o.client.keeper == nil {
		return nil
	}
	all := []*keep.Keeper{o.client.keeper}
	for _, side := range o.client.sides {
		all = append(all, side.keeper)
	}
	return all
}

// Retry makes a dead letter a new entry, with other data, as JSON, if that is not
// nil. The error is not_found if there is no such letter, or says why the entry
// cannot be made; then the letter stays.
func (o *Outbox) Retry(id string, data any) error {
	var letter keep.Letter
	var ok bool
	for _, k := range o.keepers() {
		if letter, ok = k.Letter(id); ok {
			break
		}
	}
	if !ok {
		return protocol.Errorf(protocol.NotFound, "There is no dead letter of that id.")
	}
	if data == nil {
		data = stdjson.RawMessage(letter.Data)
	}
	again := o.publish
	if letter.Doc != "" {
		again = o.operate
	}
	if err := again(letter, data); err != nil {
		return err
	}
	o.Discard(id)
	return nil
}

// publish queues a letter's entry anew.
func (o *Outbox) publish(l keep.Letter, data any) error {
	p := o.client.Topic(l.Topic).Enqueue(data, PublishOptions{Name: l.Name, Key: l.Key})
	o.client.settle()
	select {
	case <-p.Done():
		_, err := p.Result()
		return err
	default:
		return nil
	}
}

// operate makes a letter's operation anew.
func (o *Outbox) operate(l keep.Letter, data any) error {
	raw, err := marshal(data)
	if err != nil {
		return protocol.Errorf(protocol.BadOperation, "The operation is not JSON: %v", err)
	}
	m, err := o.client.again(l.Topic, l.Doc, raw)
	if err != nil {
		return err
	}
	if m.Status() == MutationRejected {
		_, err := m.Result()
		return err
	}
	o.client.settle()
	return nil
}

// settle waits until the owner has done what it was given.
func (c *Client) settle() {
	done := make(chan struct{})
	if c.post(func() { close(done) }) {
		<-done
	}
}

// Discard takes a dead letter away, if there is one.
func (o *Outbox) Discard(id string) {
	all := o.keepers()
	for _, k := range slices.Backward(all) { // before it is handed over
		k.Discard(id)
	}
}

// OnChange lets fn be called when any of it has changed. It returns a function that
// ends this.
func (o *Outbox) OnChange(fn func()) (remove func()) {
	return o.changes.add(func(struct{}) { fn() })
}

func (c *Client) outboxChanged() { tell(c, &c.outbox.changes, struct{}{}) }

// unseen is an operation of a former life that does not fit what is kept of its
// document. It is sent as it was made, and shows when the log has it (rule COPY-5).
type unseen struct {
	replica *replica
	key     uint64
}

func (u *unseen) words() (uint64, jsontext.Value, bool) { return 0, nil, false }

func (u *unseen) positional() bool { return true }

// outdated gives it up: nobody knows how to say it anew.
func (u *unseen) outdated() {
	r := u.replica
	r.client.keeper.Dead([]uint64{u.key}, protocol.Errorf(protocol.BadMessage, "It does not fit what is kept of its document."))
	r.mu.Lock()
	base := r.position.Offset
	r.mu.Unlock()
	r.client.say(core.Amend{Key: u.key, Base: base, Data: jsontext.Value("[]")})
}

func (u *unseen) sent(string, uint64) {}

func (u *unseen) doubtful() {}

func (u *unseen) settled(core.Settled) {
	r := u.replica
	r.mu.Lock()
	r.unseen--
	r.mu.Unlock()
	r.leaveIfUnused()
}
