package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/tuttisync/tutti/internal/load"
	"github.com/tuttisync/tutti/protocol"
)

const latest = 10 // entries that a reader asks for

var titles = map[string]string{
	"topics":  "Cost beside topics, each with ten entries",
	"length":  "Cost beside the length of the log",
	"clients": "Cost beside the clients that ever wrote to the topic",
}

// cost is what was measured at one size.
type cost struct {
	size                   int
	publish, publishMost   time.Duration
	read, readMost         time.Duration
	publishCPU, readCPU    float64 // microseconds
	resident, residentIdle float64 // MiB
}

// growing measures one part: the store grows from size to size.
func growing(ctx context.Context, o *options, name string, w io.Writer) (panel, error) {
	sizes, err := numbers(*o.sizes[name])
	if err != nil {
		return panel{}, err
	}
	dir, err := os.MkdirTemp(o.dir, "tutti-scale-")
	if err != nil {
		return panel{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var costs []cost
	before := 0
	for _, size := range sizes {
		fmt.Fprintf(os.Stderr, "%s: %d\n", name, size)
		err := fill(ctx, dir, func(ctx context.Context, f *filler) error {
			switch name {
			case "topics":
				return f.topics(ctx, before, size, latest)
			case "length":
				return f.entries(ctx, room(0), size-before, false)
			}
			return f.entries(ctx, room(0), size-before, true)
		})
		if err != nil {
			return panel{}, err
		}
		before = size
		topics := 1
		if name == "topics" {
			topics = size
		}
		c, err := measureOver(ctx, o, dir, topics)
		if err != nil {
			return panel{}, err
		}
		c.size = size
		costs = append(costs, c)
	}
	_, err = io.WriteString(w, table(titles[name], costs))
	return panel{unit: name, costs: costs}, err
}

// measureOver measures a server over the store in dir: each publish and each
// read is of a topic by chance.
func measureOver(ctx context.Context, o *options, dir string, topics int) (c cost, err error) {
	server, err := load.StartServer(ctx, load.Program{Path: o.program}, load.Data{Dir: dir}, os.Stderr)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	c.residentIdle = server.Memory()
	target := load.Target{URL: server.URL}
	client, err := load.NewClient()
	if err != nil {
		return c, err
	}
	socket, err := target.Dial(ctx, client)
	if err != nil {
		return c, err
	}
	defer socket.Close()
	random := rand.New(rand.NewPCG(1, uint64(topics)))
	c.publish, c.publishMost, c.publishCPU, err = sample(ctx, o.samples, server, func() error {
		_, err := socket.Publish(room(random.IntN(topics)), load.Message(time.Now(), dataSize))
		return err
	})
	if err != nil {
		return c, err
	}
	c.read, c.readMost, c.readCPU, err = sample(ctx, o.samples, server, func() error {
		return socket.Read(room(random.IntN(topics)), protocol.FromLast(latest), latest)
	})
	c.resident = server.Memory()
	return c, err
}

// sample calls do again and again, and returns the median, the 99th percentile
// and the server's processor time for each in microseconds.
func sample(ctx context.Context, n int, server *load.Server, do func() error) (median, most time.Duration, cpu float64, err error) {
	took := make([]time.Duration, n)
	used := server.CPU()
	for i := range took {
		if ctx.Err() != nil {
			return 0, 0, 0, context.Cause(ctx)
		}
		begin := time.Now()
		if err := do(); err != nil {
			return 0, 0, 0, err
		}
		took[i] = time.Since(begin)
	}
	used = server.CPU() - used
	slices.Sort(took)
	return took[n/2], took[n*99/100], used * 1e6 / float64(n), nil
}
