package client

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// PublishOptions say how an entry is published.
type PublishOptions struct {
	Name string // the entry's name; empty: message

	// Key says what the entry is the newest word about: 1 to 255 bytes of UTF-8
	// without control characters, or empty for none. Where the topic delivers
	// the latest alone, readers that are behind get the newest entry of each.
	Key string

	// Timeout is how long the entry may take; then it fails with timeout: it is
	// taken back if it was never sent, else it is unconfirmed. 0: no limit.
	Timeout time.Duration
}

// Ack says where an entry is in its topic's log, as durable as its namespace
// promises. The offset is 0 if the server no longer knew it.
type Ack struct {
	Offset uint64
	Term   string
}

// PublishStatus is how far a publish has come.
type PublishStatus int32

// The states of a publish. The last three are final.
const (
	Queued       PublishStatus = iota // waiting to be sent
	Sent                              // sent, perhaps more than once
	Acknowledged                      // in the log
	Rejected                          // failed, and not in the log
	Unconfirmed                       // failed here, but perhaps in the log
)

// String returns the name of the status.
func (s PublishStatus) String() string {
	return [...]string{"queued", "sent", "acknowledged", "rejected", "unconfirmed"}[s]
}

// Pending is an entry on its way into the log.
type Pending struct {
	client *Client
	key    uint64
	status atomic.Int32
	done   chan struct{}
	ack    Ack
	err    error
}

// Status returns how far the publish has come.
func (p *Pending) Status() PublishStatus { return PublishStatus(p.status.Load()) }

// Done is closed when the publish is settled, which happens once.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Result returns the acknowledgement, or why there is none. It blocks until
// the publish is settled.
func (p *Pending) Result() (Ack, error) {
	<-p.done
	return p.ack, p.err
}

// Abort takes the entry back if it was never sent: it is then settled with
// aborted. It reports whether the publish is settled.
func (p *Pending) Abort() bool {
	answered := make(chan struct{})
	posted := p.client.post(func() {
		p.client.step(core.Abort{Key: p.key})
		close(answered)
	})
	if posted {
		<-answered
	}
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Enqueue publishes data, as JSON, without waiting: it is sent when the
// connection is up, behind what was published to the topic before.
func (t *Topic) Enqueue(data any, options PublishOptions) *Pending {
	c := t.client
	p := &Pending{client: c, key: c.numbers.Add(1), done: make(chan struct{})}
	raw, err := marshal(data)
	if err != nil {
		p.settle(Rejected, Ack{}, protocol.Errorf(protocol.BadMessage, "The data is not JSON: %v", err))
		return p
	}
	open := c.post(func() {
		c.pending[p.key] = p
		c.step(core.Publish{
			Key: p.key, Topic: t.name, Name: options.Name, EntryKey: options.Key, Data: raw,
			Timeout: milliseconds(options.Timeout),
		})
	})
	if !open {
		p.settle(Rejected, Ack{}, protocol.Errorf(protocol.Closed, ""))
	}
	return p
}

// milliseconds rounds up, so that the shortest timeout is not none.
func milliseconds(d time.Duration) int64 {
	return max(0, (int64(d)+int64(time.Millisecond)-1)/int64(time.Millisecond))
}

// Publish publishes data, as JSON, and waits for the acknowledgement. When ctx
// is done first, an entry that was never sent is taken back (aborted); one
// that was sent is unconfirmed (timeout): it may still get into the log. The
// error then wraps ctx's too.
func (t *Topic) Publish(ctx context.Context, data any, options PublishOptions) (Ack, error) {
	p := t.Enqueue(data, options)
	select {
	case <-p.done:
		return p.Result()
	case <-ctx.Done():
	}
	if !p.Abort() {
		return Ack{}, fmt.Errorf("publish: %w: %w", ctx.Err(), protocol.Errorf(protocol.Timeout, "The entry was sent, but is unconfirmed."))
	}
	if p.err != nil {
		return p.ack, fmt.Errorf("publish: %w: %w", ctx.Err(), p.err)
	}
	return p.ack, nil
}

func (c *Client) sent(e core.Sent) {
	if op := c.operations[e.Key]; op != nil {
		op.sent(c.core.Client(), e.Seq)
		return
	}
	if p := c.pending[e.Key]; p != nil {
		p.status.Store(int32(Sent))
	}
}

func (c *Client) settled(e core.Settled) {
	if c.keeper != nil {
		c.keeper.Settled(e)
	}
	if op := c.operations[e.Key]; op != nil {
		delete(c.operations, e.Key)
		op.settled(e)
		return
	}
	p := c.pending[e.Key]
	delete(c.pending, e.Key)
	switch {
	case p == nil: // a former life published it
	case e.Err == nil:
		p.settle(Acknowledged, Ack{e.Position.Offset, e.Position.Term}, nil)
	case e.Unconfirmed, e.Err.Code == protocol.Closed && c.keeper != nil: // then the next life sends it
		p.settle(Unconfirmed, Ack{}, e.Err)
	default:
		p.settle(Rejected, Ack{}, e.Err)
	}
}

func (p *Pending) settle(s PublishStatus, ack Ack, err error) {
	p.ack, p.err = ack, err
	p.status.Store(int32(s))
	close(p.done)
}

// marshal turns data into JSON; raw JSON stays as it is, byte for byte.
func marshal(data any) ([]byte, error) {
	raw, ok := data.(stdjson.RawMessage)
	if !ok {
		return json.Marshal(data)
	}
	if !jsontext.Value(raw).IsValid() {
		return nil, errors.New("the raw message is not valid")
	}
	return raw, nil
}
