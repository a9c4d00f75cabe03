package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is many connections, each read by a goroutine of its own.
type crowd struct {
	sockets []*Socket // nil where dialing failed
	readers sync.WaitGroup
	leaving atomic.Bool
	faults  *faults
}

// gather dials n connections, at most dialers at once (0: all), and reads each
// by read, if that is not nil, until it returns an error. One that cannot be
// dialed, or ends before leave, is a fault.
func gather(ctx context.Context, f *faults, n, dialers int, dial func(i int) (*Socket, error), read func(i int, s *Socket) error) *crowd {
	c := &crowd{sockets: make([]*Socket, n), faults: f}
	if dialers <= 0 || dialers > n {
		dialers = n
	}
	var next atomic.Int64
	var dialing sync.WaitGroup
	for range dialers {
		dialing.Go(func() {
			for i := int(next.Add(1) - 1); i < n && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				s, err := dial(i)
				if err != nil {
					f.add(err)
					continue
				}
				c.sockets[i] = s
				if read != nil {
					c.read(i, read)
				}
			}
		})
	}
	dialing.Wait()
	return c
}

func (c *crowd) read(i int, read func(i int, s *Socket) error) {
	c.readers.Go(func() {
		if err := read(i, c.sockets[i]); err != nil && !c.leaving.Load() {
			c.faults.add(err)
		}
	})
}

// readAll reads each connection that was gathered without a reader.
func (c *crowd) readAll(read func(i int, s *Socket) error) {
	for i, s := range c.sockets {
		if s != nil {
			c.read(i, read)
		}
	}
}

// living is how many connections could be dialed.
func (c *crowd) living() int {
	n := 0
	for _, s := range c.sockets {
		if s != nil {
			n++
		}
	}
	return n
}

// leave closes all connections and waits for their goroutines.
func (c *crowd) leave() {
	c.leaving.Store(true)
	for _, s := range c.sockets {
		if s != nil {
			s.Close()
		}
	}
	c.readers.Wait()
}

// faults counts what went wrong and keeps the first of it.
type faults struct {
	mu    sync.Mutex // guards the fields below
	count int
	first error
}

func (f *faults) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.first == nil {
		f.first = err
	}
}

func (f *faults) read() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count, f.first
}

// counter waits until so many things have happened.
type counter struct {
	got  atomic.Int64
	want int64
	all  chan struct{} // closed when got is want
}

func newCounter(want int) *counter {
	c := &counter{want: int64(want), all: make(chan struct{})}
	if want == 0 {
		close(c.all)
	}
	return c
}

func (c *counter) add() {
	if c.got.Add(1) == c.want {
		close(c.all)
	}
}

var errQuiet = errors.New("nothing came any more")

// wait returns when all have happened, or errQuiet when none has for as long as
// quiet.
func (c *counter) wait(ctx context.Context, quiet time.Duration) error {
	look := time.NewTicker(quiet)
	defer look.Stop()
	for before := int64(-1); ; {
		select {
		case <-c.all:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		}
		got := c.got.Load()
		if got == before {
			return errQuiet
		}
		before = got
	}
}
