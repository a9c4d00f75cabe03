package conformance

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/chaos"
)

// director walks through a scenario with one agent.
type director struct {
	t        *testing.T
	scenario *scenario
	server   *server
	proxy    *chaos.Proxy
	agent    *agent
	random   *rand.Rand

	before    int            // connections that the proxy had seen when the faults were set
	topics    map[string]int // that were read, with what the log must hold at least
	published map[string]int // by the agent, by topic
	numbers   map[int]string // topic of each publish of the agent
	backend   int            // publishes of the backend
	crowd     *crowdStep
	aside     sync.WaitGroup
}

// inFlight is how many publishes of the agent may wait for their answers: fewer
// than its library queues.
const inFlight = 500

// key signs the tokens of scenarios that have some.
var key = auth.Key{Kid: "scenario", Alg: auth.HS256, Secret: []byte("a secret of the scenarios, 32 bytes or more")}

func direct(t *testing.T, s *scenario, command ...string) {
	d := &director{
		t: t, scenario: s, random: rand.New(rand.NewPCG(1, 2)),
		topics: map[string]int{}, published: map[string]int{}, numbers: map[int]string{},
	}
	config := map[string]any{}
	for k, v := range s.Config {
		config[k] = v
	}
	if s.Tokens != "" {
		config["auth"] = map[string]any{"keys": []any{map[string]any{"kid": key.Kid, "alg": "HS256", "secret": string(key.Secret)}}}
	}
	d.server = newServer(t, config, s.Tokens == "")
	if slices.ContainsFunc(s.Steps, func(s step) bool { return s.Disk != "" }) {
		d.server.args = append(d.server.args, "--faults")
	}
	if s.Tokens != "" {
		d.server.token = d.token(time.Hour)
	}
	d.server.start()
	var err error
	d.proxy, err = chaos.New(chaos.Config{Target: d.server.addr, Seed: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.proxy.Close(); err != nil {
			t.Errorf("close the proxy: %v", err)
		}
	})
	d.agent = launch(t, func() string { return d.token(lifetime(t, s.Tokens)) }, command...)
	for i, step := range s.Steps {
		t.Logf("step %d: %s", i+1, step)
		d.take(step)
		if t.Failed() {
			return
		}
	}
	d.aside.Wait()
	d.await(&awaitStep{Settled: true, CaughtUp: true})
	d.judge()
}

func lifetime(t *testing.T, text string) time.Duration {
	if text == "" {
		return time.Hour
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Errorf("tokens: %v", err)
	}
	return d
}

func (d *director) token(life time.Duration) string {
	signed, err := auth.Config{Keys: []auth.Key{key}}.Sign(auth.Identity{Sub: "alice", Grants: auth.FullRights()}, time.Now(), life)
	if err != nil {
		d.t.Error(err)
	}
	return signed
}

func (d *director) take(s step) {
	d.t.Helper()
	switch {
	case s.Connect != nil:
		command := map[string]any{"do": "connect", "url": "http://" + d.proxy.Addr(), "tokens": d.scenario.Tokens != ""}
		if s.Connect.Roads != nil {
			command["roads"] = s.Connect.Roads
		}
		d.agent.do(command)
	case s.Subscribe != nil:
		d.topics[s.Subscribe.Topic] += 0
		d.agent.do(map[string]any{"do": "subscribe", "topic": s.Subscribe.Topic, "from": s.Subscribe.From, "else": s.Subscribe.Else})
	case s.Publish != nil && s.Publish.Aside:
		first := d.note(s.Publish)
		d.aside.Go(func() { d.publish(s.Publish, first) })
	case s.Publish != nil:
		d.publish(s.Publish, d.note(s.Publish))
	case s.Server != "":
		d.operate(s.Server)
	case s.Faults != nil:
		d.setFaults(s.Faults)
	case s.Cut != nil:
		d.proxy.Cut(s.Cut.Road)
	case s.Storm != nil:
		d.storm(s.Storm)
	case s.Disk != "":
		d.disk(s.Disk)
	case s.Wake:
		d.agent.do(map[string]any{"do": "wake"})
	case s.Jump != 0:
		d.agent.do(map[string]any{"do": "jump", "ms": time.Duration(s.Jump).Milliseconds()})
	case s.Pass != 0:
		time.Sleep(time.Duration(s.Pass))
	case s.Crowd != nil:
		d.gather(s.Crowd)
	case s.Await != nil:
		d.await(s.Await)
	case s.AttemptsAtMost > 0:
		if n := d.connections() - d.before; n > s.AttemptsAtMost {
			d.t.Errorf("%d connections were made, at most %d are due", n, s.AttemptsAtMost)
		}
	default:
		d.t.Fatalf("the step says nothing")
	}
}

// note books a publish before it begins, and returns the first number.
func (d *director) note(p *publishStep) int {
	if p.By != "agent" {
		first := d.backend + 1
		d.backend += p.Count
		return first
	}
	a := d.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.asked + 1
	for range p.Count {
		a.asked++
		d.numbers[a.asked] = p.Topic
	}
	d.published[p.Topic] += p.Count
	return first
}

func (d *director) publish(p *publishStep, first int) {
	pace := time.NewTicker(max(time.Duration(p.Every), time.Microsecond))
	defer pace.Stop()
	for i := range p.Count {
		if p.Every > 0 {
			<-pace.C
		}
		switch p.By {
		case "agent":
			d.agent.await("room in its queue", func() bool { return first+i-len(d.agent.settled) < inFlight })
			d.agent.do(map[string]any{"do": "publish", "topic": p.Topic, "n": first + i, "key": p.key(i)})
		case "backend":
			d.insist(p.Topic, first+i, p.key(i))
		default:
			d.t.Errorf("nobody is named %q", p.By)
			return
		}
	}
}

// insist publishes as a backend, until it is answered.
func (d *director) insist(topic string, n int, key string) {
	body, err := json.Marshal(map[string]any{"key": key, "data": numbered{"backend", n}})
	if err != nil {
		panic(err)
	}
	once := fmt.Sprintf("%s-%d", d.scenario.Name, n)
	deadline := time.Now().Add(patience)
	for {
		err := d.server.request("POST", "/v1/topics/"+topic+"/events", once, string(body), nil)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			d.t.Errorf("publish %d as a backend: %v", n, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (d *director) operate(what string) {
	d.t.Helper()
	switch what {
	case "kill":
		d.server.kill()
	case "stop":
		d.server.stop()
	case "start":
		d.server.start()
	case "empty":
		d.server.empty()
		d.server.start()
	default:
		d.t.Fatalf("no server can %q", what)
	}
}

// disk makes the server's disk full, or free again.
func (d *director) disk(what string) {
	d.t.Helper()
	body := fmt.Sprintf(`{"full":%t}`, what == "full")
	if err := d.server.request("PUT", "/v1/faults/disk", "", body, nil); err != nil {
		d.t.Fatal(err)
	}
}

func (d *director) setFaults(rules []chaos.Rule) {
	d.t.Helper()
	if err := d.proxy.SetRules(rules); err != nil {
		d.t.Fatal(err)
	}
	d.before = d.connections()
}

// connections is how many connections the proxy has seen.
func (d *director) connections() int { return int(d.proxy.Stats().Connections.Accepted) }

func (d *director) storm(s *stormStep) {
	d.t.Helper()
	for range s.Cuts {
		span := s.Most - s.Least
		time.Sleep(time.Duration(s.Least) + time.Duration(d.random.Int64N(int64(span)+1)))
		d.setFaults(s.Faults[d.random.IntN(len(s.Faults))])
		d.proxy.Cut("")
	}
}

func (d *director) gather(c *crowdStep) {
	d.crowd = c
	d.agent.do(map[string]any{"do": "crowd", "url": "http://" + d.proxy.Addr(), "clients": c.Clients, "topic": c.Topic})
	d.crowdComplete()
}

// crowdComplete waits until all of the crowd have read all that there is.
func (d *director) crowdComplete() {
	d.t.Helper()
	head := len(d.server.entries(d.crowd.Topic))
	deadline := time.Now().Add(patience)
	for {
		d.agent.mu.Lock()
		d.agent.counted = false
		d.agent.mu.Unlock()
		d.agent.do(map[string]any{"do": "count", "offset": head})
		d.agent.await("the count", func() bool { return d.agent.counted })
		d.agent.mu.Lock()
		n := d.agent.count
		d.agent.mu.Unlock()
		if n.Faults > 0 {
			d.t.Fatalf("%d entries came out of order", n.Faults)
		}
		if n.Complete == d.crowd.Clients && n.Live == d.crowd.Clients {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("of %d clients %d are live and %d have read all", d.crowd.Clients, n.Live, n.Complete)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (d *director) await(w *awaitStep) {
	d.t.Helper()
	a := d.agent
	if w.Published {
		d.aside.Wait()
	}
	if w.State != "" || w.Road != "" {
		a.await("state "+w.State+" road "+w.Road, func() bool {
			return (w.State == "" || a.state == w.State) && (w.Road == "" || a.road == w.Road && a.state == "live")
		})
	}
	if w.Settled || w.Published {
		a.await("the answers", func() bool { return len(a.settled) == a.asked })
	}
	if w.Entries > 0 {
		a.await("the entries", func() bool { return a.given() >= w.Entries })
	}
	if w.CaughtUp {
		d.caughtUp()
	}
	if w.Attempts > 0 {
		deadline := time.Now().Add(patience)
		for d.connections()-d.before < w.Attempts {
			if time.Now().After(deadline) {
				d.t.Fatalf("%d connections were made, %d were due", d.connections()-d.before, w.Attempts)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func (d *director) caughtUp() {
	d.t.Helper()
	for topic := range d.topics {
		log := d.server.entries(topic)
		if len(log) == 0 {
			continue
		}
		head := log[len(log)-1].Offset
		a := d.agent
		a.await(fmt.Sprintf("entry %d of %s", head, topic), func() bool { return a.streams[topic].end() >= head })
	}
	if d.crowd != nil {
		d.crowdComplete()
	}
}
