package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tuttisync/tutti/internal/load"
	"github.com/tuttisync/tutti/protocol"
)

const (
	burst      = 200 // entries just before the server is killed, so that there is something to replay
	burstBytes = 60_000
	readyWait  = time.Minute
)

// restart measures how long a server takes from the start of its process until
// it is ready, over a store of so many topics, each with so many entries, after
// it was killed while it was written to.
func restart(ctx context.Context, o *options, w io.Writer) error {
	var topics, entries int
	if n, err := fmt.Sscanf(*o.sizes["restart"], "%dx%d", &topics, &entries); n != 2 || err != nil || min(topics, entries) < 1 {
		return fmt.Errorf("-restart: %q is not topics x entries of each, as 100000x100", *o.sizes["restart"])
	}
	dir, err := os.MkdirTemp(o.dir, "tutti-scale-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Fprintf(os.Stderr, "restart: %d topics of %d entries\n", topics, entries)
	err = fill(ctx, dir, func(ctx context.Context, f *filler) error { return f.topics(ctx, 0, topics, entries) })
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 1))
	var ready, first, memory []float64
	for run := range o.repeat + 1 {
		s, err := start(ctx, o, dir, room(random.IntN(topics)))
		if err != nil {
			return err
		}
		if run > 0 { // the first was not killed before
			ready, first, memory = append(ready, millis(s.ready)), append(first, millis(s.first)), append(memory, s.memory)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n### Restart with %s topics and %s entries, after a kill\n\n| | median | least | most |\n|---|---:|---:|---:|\n", grouped(topics), grouped(topics*entries))
	for _, row := range []struct {
		name   string
		values []float64
	}{
		{"from the start of the process to /readyz 200, ms", ready},
		{"then, connect and read the last ten of a topic, ms", first},
		{"server's memory then, MiB", memory},
	} {
		slices.Sort(row.values)
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f |\n", row.name, row.values[(len(row.values)-1)/2], row.values[0], row.values[len(row.values)-1])
	}
	_, err = io.WriteString(w, b.String())
	return err
}

type started struct {
	ready, first time.Duration
	memory       float64 // MiB
}

// start starts the server, reads a topic, writes a burst to it and kills the
// server.
func start(ctx context.Context, o *options, dir, topic string) (s started, err error) {
	begin := time.Now()
	server, err := load.StartServer(ctx, load.Program{Path: o.program}, load.Data{Dir: dir}, os.Stderr)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, server.Kill()) }()
	if err := awaitReady(ctx, server.URL); err != nil {
		return s, err
	}
	s.ready = time.Since(begin)
	target := load.Target{URL: server.URL}
	client, err := load.NewClient()
	if err != nil {
		return s, err
	}
	begin = time.Now()
	socket, err := target.Dial(ctx, client)
	if err != nil {
		return s, err
	}
	defer socket.Close()
	if err := socket.Read(topic, protocol.FromLast(latest), latest); err != nil {
		return s, err
	}
	s.first, s.memory = time.Since(begin), server.Memory()
	for range burst {
		if _, err := socket.Publish(topic, load.Message(time.Now(), burstBytes)); err != nil {
			return s, err
		}
	}
	return s, nil
}

func awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("wait until the server is ready: %w", err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}

func millis(d time.Duration) float64 { return micros(d) / 1000 }
