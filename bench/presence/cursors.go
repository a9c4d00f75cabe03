package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/internal/load"
)

const (
	rate = 20 // times a second that each cursor moves
	// settle is how long the last cursors may take to arrive everywhere.
	settle = 2 * time.Minute
)

func cursors(o options) scenario {
	return scenario{
		title: fmt.Sprintf("Cursors: %d members of one room, each moves its cursor %d times a second, and sees all", o.writers, rate),
		rows: []row{
			{"updates made a second", nil},
			{"updates delivered a second, to all together", nil},
			{"of what was made, delivered to each", nil},
			{"frames to a reader, a second", nil},
			{"bytes on the wire per delivered update", nil},
			{"server CPU per delivered update, µs", []goal{beside("y-websocket", 0.3), beside("centrifuge", 0.5)}},
			{"server CPU per update made and reader, µs", nil},
			{"age of a cursor when it comes, median, ms", nil},
			{"age, 95th percentile, ms", []goal{within(100)}},
			{"the server’s share of a core", nil},
			{"the clients’ share of a core", nil},
		},
		systems: []string{"tutti", "y-websocket", "centrifuge"},
		run:     moving,
	}
}

// view is what one reader got while it counted. It is used by the reader's
// goroutine, and read when that rests.
type view struct {
	frames, bytes int
	ages          []time.Duration
}

// canvas is a room in which cursors move.
type canvas struct {
	counts  atomic.Bool  // what comes now
	final   atomic.Int64 // when the last moves began, by the clock of the states; 0: they have not
	arrived atomic.Int64 // how many of them have come
	made    atomic.Int64 // moves while it counted
	views   []view
	crowd   *crowd
}

// moving lets all members of a room move their cursors.
func moving(ctx context.Context, c *child, o options) ([]float64, error) {
	v := &canvas{views: make([]view, o.writers)}
	var err error
	if v.crowd, err = gather(ctx, c, o.writers, c.as(member), v.see); err != nil {
		return nil, err
	}
	defer v.crowd.leave()
	stop, moved := make(chan struct{}), sync.WaitGroup{}
	for n, s := range v.crowd.sockets {
		moved.Go(func() {
			if err := v.move(c, n, s, stop); err != nil {
				v.crowd.fail(fmt.Errorf("writer: %w", err))
			}
		})
	}
	err = pause(ctx, o.warm)
	before, began := ownCPU(), time.Now()
	spent, usedErr := c.used(func() error {
		began = time.Now()
		v.counts.Store(true)
		err := pause(ctx, o.lasts)
		v.counts.Store(false)
		return err
	})
	took, own := time.Since(began), ownCPU()-before
	v.final.Store(time.Now().UnixNano())
	close(stop)
	moved.Wait()
	if err := errors.Join(err, usedErr, v.crowd.fine(), v.settled(ctx)); err != nil {
		return nil, err
	}
	v.crowd.leave() // so that nobody changes the views
	var frames, bytes int
	var ages []time.Duration
	for _, view := range v.views {
		frames, bytes, ages = frames+view.frames, bytes+view.bytes, append(ages, view.ages...)
	}
	slices.Sort(ages)
	made, delivered, readers := float64(v.made.Load()), float64(len(ages)), float64(o.writers)
	seconds := took.Seconds()
	return []float64{
		made / seconds,
		delivered / seconds,
		delivered / (made * readers),
		float64(frames) / readers / seconds,
		float64(bytes) / delivered,
		micros(spent) / delivered,
		micros(spent) / (made * readers),
		micros(quantile(ages, 0.5)) / 1000,
		micros(quantile(ages, 0.95)) / 1000,
		spent.Seconds() / seconds,
		own.Seconds() / seconds,
	}, nil
}

// move moves a cursor at even intervals from a moment drawn within the first, and
// once more at the end.
func (v *canvas) move(c *child, n int, s *socket, stop <-chan struct{}) error {
	const interval = time.Second / rate
	next := time.Now().Add(rand.N(interval))
	for seq := 1; ; seq++ {
		last := false
		select {
		case <-stop:
			last = true
		case <-time.After(time.Until(next)):
			next = next.Add(interval)
		}
		if v.counts.Load() {
			v.made.Add(1)
		}
		if err := s.say(c.update(n, seq, state(n, time.Now(), rand.IntN(2000), rand.IntN(1000)))); err != nil || last {
			return err
		}
	}
}

// see takes in a frame.
func (v *canvas) see(n int, frame []byte) error {
	now, counts, final, view := time.Now(), v.counts.Load(), v.final.Load(), &v.views[n]
	if counts {
		view.frames++
		view.bytes += len(frame)
	}
	return load.EachDue(frame, func(since time.Time) {
		if counts {
			view.ages = append(view.ages, now.Sub(since))
		}
		if final > 0 && since.UnixNano() >= final {
			v.arrived.Add(1)
		}
	})
}

// settled returns when where each cursor rests has come to all.
func (v *canvas) settled(ctx context.Context) error {
	n := int64(len(v.views))
	for deadline := time.Now().Add(settle); v.arrived.Load() < n*n; {
		if time.Now().After(deadline) {
			return fmt.Errorf("of %d last moves %d came", n*n, v.arrived.Load())
		}
		if err := errors.Join(v.crowd.fine(), pause(ctx, 10*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}
