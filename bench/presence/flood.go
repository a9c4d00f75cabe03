package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/bench/internal/process"
)

const (
	joins     = 1000 // a second
	perJoiner = 32   // clients of a connection, which is the limit
)

func flood(o options) scenario {
	return scenario{
		title: fmt.Sprintf("Flood: %d a second join a room of %d, all of whom watch it", joins, o.room),
		rows: []row{
			{"delivery in another topic before, median, ms", nil},
			{"99th percentile, ms", nil},
			{"delivery meanwhile, median, ms", nil},
			{"99th percentile, ms", nil},
			{"99th percentile, meanwhile / before", []goal{within(1.2)}},
			{"server CPU per join, µs", nil},
			{"frames about the room to a watcher, a second", nil},
			{"the server’s share of a core", nil},
			{"the share of those who watch and join", nil},
		},
		systems: []string{"tutti"},
		run:     flooding,
	}
}

// flooding lets many join a large room while a probe, in a process of its own,
// publishes and reads in another topic.
func flooding(ctx context.Context, c *child, o options) (figures []float64, err error) {
	counts := make([]atomic.Int64, o.room) // of members, that each watcher was told last
	var frames atomic.Int64
	watch := func(i int, frame []byte) error {
		frames.Add(1)
		return eachCount(frame, func(count int64) { counts[i].Store(count) })
	}
	all, err := gather(ctx, c, o.room, c.as(member), watch)
	if err != nil {
		return nil, err
	}
	defer all.leave()
	total := int(o.lasts.Seconds() * joins)
	connections := (total + perJoiner - 1) / perJoiner
	guests, err := gather(ctx, c, connections, func(i int) (frame, answer string) {
		return greeting(o.room+i*perJoiner, perJoiner, ""), `"type":"welcome"`
	}, deaf)
	if err != nil {
		return nil, err
	}
	defer guests.leave()
	p, err := process.StartSelf(ctx, "-probe", c.Ready)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()

	if err := settledAt(ctx, counts, o.room); err != nil {
		return nil, err
	}
	if err := pause(ctx, o.warm); err != nil {
		return nil, err
	}
	before, err := measureBy(p, o.lasts)
	if err != nil {
		return nil, err
	}
	var meanwhile delivery
	own, told := ownCPU(), frames.Load()
	spent, err := c.used(func() error {
		joined := make(chan error, 1)
		go func() { joined <- joinAll(ctx, guests, o, total) }()
		var err error
		meanwhile, err = measureBy(p, o.lasts)
		return errors.Join(err, <-joined)
	})
	own, told = ownCPU()-own, frames.Load()-told
	if err := errors.Join(err, settledAt(ctx, counts, o.room+total), all.fine(), guests.fine()); err != nil {
		return nil, err
	}
	seconds := o.lasts.Seconds()
	return []float64{
		before.Median, before.Most, meanwhile.Median, meanwhile.Most, meanwhile.Most / before.Most,
		micros(spent) / float64(total), float64(told) / float64(o.room) / seconds,
		spent.Seconds() / seconds, own.Seconds() / seconds,
	}, nil
}

// joinAll lets so many clients join, one after the other over all connections.
func joinAll(ctx context.Context, guests *crowd, o options, total int) error {
	begin := time.Now()
	for k := range total {
		if err := pause(ctx, time.Until(begin.Add(time.Duration(k)*time.Second/joins))); err != nil {
			return err
		}
		i, j := k%len(guests.sockets), k/len(guests.sockets)
		n := o.room + i*perJoiner + j
		message := fmt.Appendf(nil, `{"type":"enter","id":%d,"topic":%q,"client":%q,"state":%s}`, j+1, room, clientID(n), firstState(n))
		if err := guests.sockets[i].say(message); err != nil {
			return err
		}
	}
	return nil
}

// eachCount calls fn with the number of members in each message about a room.
func eachCount(frame []byte, fn func(count int64)) error {
	mark := []byte(`"count":`)
	for {
		i := bytes.Index(frame, mark)
		if i < 0 {
			return nil
		}
		frame = frame[i+len(mark):]
		end := max(bytes.IndexAny(frame, ",}"), 0)
		count, err := strconv.ParseInt(string(frame[:end]), 10, 64)
		if err != nil {
			return fmt.Errorf("a count of members: %w", err)
		}
		fn(count)
	}
}

// settledAt returns when every watcher was told last that so many are there.
func settledAt(ctx context.Context, counts []atomic.Int64, n int) error {
	deadline := time.Now().Add(patience)
	for i := range counts {
		for counts[i].Load() != int64(n) {
			if time.Now().After(deadline) {
				return fmt.Errorf("a watcher was told that %d are there, who are %d", counts[i].Load(), n)
			}
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// delivery is how long messages took, in milliseconds.
type delivery struct {
	Median, Most float64
}

// measureBy lets a probe publish and read for some time.
func measureBy(p *process.Process, lasts time.Duration) (delivery, error) {
	var d delivery
	line, err := p.Ask("measure " + lasts.String())
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(line, &d)
}
