package client

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/client/internal/road"
	"github.com/tuttisync/tutti/client/internal/sse"
)

const (
	// postTime is how long the answer to a POST may take (rule CONN-13).
	postTime = 30 * time.Second

	// pollRest is between an answer that brought nothing and the next question.
	pollRest = 250 * time.Millisecond
)

// requests is a connection over the roads sse and poll: it makes the requests
// that its machine wants. It belongs to the owner.
type requests struct {
	*transport
	client  *Client
	machine *road.Machine
	stop    context.CancelFunc // of the request that stands for the stream
}

func (c *Client) openRequests(t *transport) sender {
	r := &requests{transport: t, client: c, machine: road.New(), stop: func() {}}
	c.running.Go(func() { c.post(func() { c.transportStep(t, core.Opened{}) }) })
	return r
}

func (r *requests) send(frame []byte) { r.carryOut(r.machine.Say(frame)...) }

func (r *requests) carryOut(effects ...road.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case road.Open:
			r.open(e)
		case road.Rest:
			r.rest(e.Number)
		case road.Post:
			r.post(e.Body)
		case road.Farewell:
			r.farewell(e.Body)
		case road.Pass:
			r.client.transportStep(r.transport, e.Input)
		}
	}
}

// open makes the request that stands for the stream, in place of the former
// one.
func (r *requests) open(o road.Open) {
	c := r.client
	r.stop()
	ctx, stop := context.WithCancel(r.ctx)
	r.stop = stop
	read := r.readStream
	if r.road == core.RoadPoll {
		read = r.readPoll
	}
	c.running.Go(func() {
		defer stop()
		if err := read(ctx, o); err != nil {
			c.post(func() {
				if r.machine.Current(o.Number) {
					c.transportEnded(r.transport, err)
				}
			})
		}
	})
}

// readStream passes on the events of one request, until it ends.
func (r *requests) readStream(ctx context.Context, o road.Open) error {
	c := r.client
	stream, err := c.ask(ctx, "/v1/sse", o.Body, typeStream)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	events := sse.NewReader(stream, int(min(c.options.ReadLimit, math.MaxInt32)))
	for {
		if err := c.dispatcher.waitForRoom(ctx); err != nil {
			return err
		}
		event, err := events.Next()
		if err != nil {
			return fmt.Errorf("read the stream: %w", err)
		}
		messages, err := decodeFrame(event)
		if err != nil {
			return err
		}
		c.post(func() { r.hear(o.Number, messages) })
	}
}

// readPoll passes on the answer to one request.
func (r *requests) readPoll(ctx context.Context, o road.Open) error {
	c := r.client
	if err := c.dispatcher.waitForRoom(ctx); err != nil {
		return err
	}
	messages, err := c.askOnce(ctx, "/v1/poll?wait="+strconv.FormatInt(o.Wait, 10), o.Body)
	if err != nil {
		return err
	}
	c.post(func() {
		r.hear(o.Number, messages)
		next, err := r.machine.Ended(o.Number)
		if err != nil {
			c.transportEnded(r.transport, err)
		}
		r.carryOut(next...)
	})
	return nil
}

// rest lets some time pass before the next poll.
func (r *requests) rest(number uint64) {
	c := r.client
	c.running.Go(func() {
		select {
		case <-time.After(pollRest):
			c.post(func() { r.carryOut(r.machine.Rested(number)...) })
		case <-r.ctx.Done():
		}
	})
}

func (r *requests) hear(number uint64, messages []any) {
	for _, m := range messages {
		r.carryOut(r.machine.Hear(number, m)...)
	}
}

// farewell says last words, which the end of the connection does not cut short.
func (r *requests) farewell(body []byte) {
	c := r.client
	c.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), farewell)
		defer cancel()
		if _, err := c.askOnce(ctx, "/v1/commands", body); err != nil {
			c.options.Logger.Debug("farewell failed", "err", err)
		}
	})
}

// post sends commands, and passes their answers on.
func (r *requests) post(body []byte) {
	c := r.client
	c.running.Go(func() {
		ctx, cancel := context.WithTimeout(r.ctx, postTime)
		defer cancel()
		messages, err := c.askOnce(ctx, "/v1/commands", body)
		c.post(func() {
			if err != nil {
				c.transportEnded(r.transport, err)
				return
			}
			for _, m := range messages {
				r.carryOut(r.machine.Answer(m)...)
			}
			r.carryOut(r.machine.Answered()...)
		})
	})
}
