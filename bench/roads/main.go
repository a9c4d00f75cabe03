// Command roads measures how long clients take to notice that a road is
// blocked or muted, to step down, and to climb up again. What it prints is
// Markdown.
//
// Server, proxy and clients share the process: what is measured are the
// clients' own timers, tens of seconds long.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/chaos"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/client/core"
)

const topic = "bench:roads"

func main() {
	clients := flag.Int("clients", 20, "how many are measured")
	flag.Parse()
	if err := run(*clients, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "roads:", err)
		os.Exit(1)
	}
}

func run(clients int, w io.Writer) error {
	logger := slog.New(slog.DiscardHandler)
	srv, err := tutti.New(tutti.Config{Dev: true, Drain: -1, Logger: logger})
	if err != nil {
		return err
	}
	listener := httptest.NewServer(srv)
	defer func() {
		_ = srv.Close(context.Background()) // nothing is kept
		listener.Close()
	}()
	proxy, err := chaos.New(chaos.Config{Target: listener.Listener.Addr().String(), Seed: 1, Logger: logger})
	if err != nil {
		return err
	}
	defer proxy.Close()
	c, err := gather("http://"+proxy.Addr(), clients)
	if err != nil {
		return err
	}
	defer c.leave()
	c.until("", "ws")

	fmt.Fprintf(w, "| %d clients, ping 25 s, grace 10 s | median, s | longest, s |\n|---|---:|---:|\n", clients)
	tell := func(what string, took []time.Duration) {
		slices.Sort(took)
		fmt.Fprintf(w, "| %s | %.1f | %.1f |\n", what, took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
	}
	blocked := func(roads ...chaos.Road) (rules []chaos.Rule) {
		for _, r := range roads {
			rules = append(rules, chaos.Rule{Match: chaos.Match{Road: r}, Fault: chaos.Fault{Refuse: true}})
		}
		return rules
	}
	do := func(rules []chaos.Rule, cut bool) error {
		c.mark()
		err := proxy.SetRules(rules)
		if cut {
			proxy.Cut("")
		}
		return err
	}
	if err := do(blocked(chaos.WS), true); err != nil {
		return err
	}
	tell("WebSocket is cut and refused: until live on SSE", c.until("", "sse"))
	if err := do(append(blocked(chaos.WS), chaos.Rule{Match: chaos.Match{Road: chaos.SSE}, Fault: chaos.Fault{Buffer: true}}), false); err != nil {
		return err
	}
	tell("the stream is muted: until it is noticed", c.until(core.Probing, ""))
	tell("the stream is muted: until live on long-polling", c.until("", "poll"))
	if err := do(nil, false); err != nil {
		return err
	}
	tell("all is well again: until live on WebSocket", c.until("", "ws"))
	if err := do([]chaos.Rule{{Match: chaos.Match{Road: chaos.WS}, Fault: chaos.Fault{Pause: true}}}, false); err != nil {
		return err
	}
	tell("WebSocket is dead, and new ones hang: until it is noticed", c.until(core.Probing, ""))
	tell("WebSocket is dead, and new ones hang: until live on SSE", c.until("", "sse"))
	return nil
}

// crowd is some clients and when each came to what state.
type crowd struct {
	clients []*client.Client

	mu    sync.Mutex // guards the fields below
	news  *sync.Cond
	start time.Time
	came  []map[string]time.Time // of each client, by state and by road
}

func gather(url string, n int) (*crowd, error) {
	c := &crowd{start: time.Now(), came: make([]map[string]time.Time, n)}
	c.news = sync.NewCond(&c.mu)
	for i := range n {
		c.came[i] = map[string]time.Time{}
		one, err := client.Connect(url, client.Options{})
		if err != nil {
			return nil, err
		}
		c.clients = append(c.clients, one)
		one.OnStatus(func(s client.Status) { c.note(i, s) })
		c.note(i, one.Status())
		one.Topic(topic).Subscribe(func(client.Entry) {}, client.SubscribeOptions{})
	}
	return c, nil
}

func (c *crowd) leave() {
	for _, one := range c.clients {
		one.Close()
	}
}

func (c *crowd) note(i int, s client.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := string(s.State)
	if s.State == core.Live {
		key = s.Road
	}
	if _, known := c.came[i][key]; !known {
		c.came[i][key] = time.Now()
	}
	c.news.Broadcast()
}

// mark begins a measurement.
func (c *crowd) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start = time.Now()
	for i := range c.came {
		c.came[i] = map[string]time.Time{}
	}
}

// until waits until every client came to the state, or to be live on the road,
// and returns how long each took since the mark.
func (c *crowd) until(state core.State, road string) []time.Duration {
	key := strings.Join([]string{string(state), road}, "")
	c.mu.Lock()
	defer c.mu.Unlock()
	took := make([]time.Duration, len(c.came))
	for i := range c.came {
		for c.came[i][key].IsZero() {
			c.news.Wait()
		}
		took[i] = max(0, c.came[i][key].Sub(c.start))
	}
	return took
}
