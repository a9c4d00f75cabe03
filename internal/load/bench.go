package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const kept = 10_000 // entries of a topic, by a server that is started

// Bench is where and how measurements are made.
type Bench struct {
	// Target is a running server; with an empty URL one is started for each
	// run, by Program, on this machine.
	Target  Target
	Program Program
	Durable bool // the log of a server that is started is on disk
	// Namespace is that of the topics that are used.
	Namespace string

	Repeat int // runs of each case; the median is shown
	// Progress is told how it goes on, and what servers say, from several
	// goroutines.
	Progress io.Writer
}

// Case is a column of a table.
type Case struct {
	Name string
	run  func(ctx context.Context, s *site) ([]float64, error)
}

// site is one server while it is measured.
type site struct {
	Target
	process   process // 0: it runs elsewhere
	namespace string
	progress  io.Writer
	faults    faults
}

// Run lets the cases of a table take turns, in the other direction each time,
// and returns the table as Markdown. What goes wrong with single connections is
// told and counted, and ends nothing.
func (b *Bench) Run(ctx context.Context, t *Table) (string, error) {
	t.Figures = append(slices.Clone(t.Figures), Figure{Name: "errors"})
	r := make(results, len(t.Cases))
	order := make([]int, len(t.Cases))
	for i := range order {
		order[i] = i
	}
	for run := range b.Repeat {
		for _, i := range order {
			fmt.Fprintf(b.Progress, "%s: %s, run %d of %d\n", t.Title, t.Cases[i].Name, run+1, b.Repeat)
			values, err := b.once(ctx, &t.Cases[i])
			if err != nil {
				return "", err
			}
			r[i] = append(r[i], values)
		}
		slices.Reverse(order)
	}
	return t.markdown(r), nil
}

// once measures one case and adds how much went wrong.
func (b *Bench) once(ctx context.Context, c *Case) (values []float64, err error) {
	s := &site{Target: b.Target, namespace: b.Namespace, progress: b.Progress}
	if s.URL == "" {
		server, err := StartServer(ctx, b.Program, Data{Memory: !b.Durable, Keep: kept}, b.Progress)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		s.URL, s.process = server.URL, server.process()
	}
	if values, err = c.run(ctx, s); err != nil {
		return nil, err
	}
	n, first := s.faults.read()
	if n > 0 {
		fmt.Fprintf(b.Progress, "%d errors; the first: %v\n", n, first)
	}
	return append(values, float64(n)), nil
}

// topic is topic number i of n.
func (s *site) topic(i, n int) string { return fmt.Sprintf("%s:bench-%d", s.namespace, i%n) }

// watch tells each second how much is done, of so much if that is known, until
// stop is called.
func (s *site) watch(what string, done func() int64, of int) (stop func()) {
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				if of > 0 {
					fmt.Fprintf(s.progress, "%s: %d of %d\n", what, done(), of)
				} else {
					fmt.Fprintf(s.progress, "%s: %d\n", what, done())
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
	}
}

// publishers dials n clients that subscribe to nothing.
func (s *site) publishers(ctx context.Context, n int) ([]*Socket, error) {
	var all []*Socket
	for range n {
		c, err := NewClient()
		if err == nil {
			var socket *Socket
			if socket, err = s.Dial(ctx, c); err == nil {
				all = append(all, socket)
			}
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

func closeAll(sockets []*Socket) {
	for _, s := range sockets {
		s.Close()
	}
}

// await waits for what is counted; what does not come is a fault.
func (s *site) await(ctx context.Context, c *counter, what string) error {
	err := c.wait(ctx, quietTime)
	if errors.Is(err, errQuiet) {
		s.faults.add(fmt.Errorf("%d of %d %s: %w", c.got.Load(), c.want, what, err))
		return nil
	}
	return err
}

// together runs fn for each socket at the same time.
func together(sockets []*Socket, fn func(i int, s *Socket) error) error {
	errs := make([]error, len(sockets))
	var running sync.WaitGroup
	for i, s := range sockets {
		running.Go(func() { errs[i] = fn(i, s) })
	}
	running.Wait()
	return errors.Join(errs...)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
