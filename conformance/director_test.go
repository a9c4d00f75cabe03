package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/chaos"
)

// director walks through a scenario with one agent, or with one on each of several
// devices.
type director struct {
	t        *testing.T
	scenario *scenario
	server   *server
	proxy    *chaos.Proxy
	command  []string // starts an agent
	devices  map[string]*device
	device   *device // that of the step
	random   *rand.Rand

	before  int // connections that the proxy had seen when the faults were set
	backend int // publishes of the backend
	looks   int // questions what a document shows
	crowd   *crowdStep
	aside   sync.WaitGroup
}

// alone is the name of the device of a scenario that names none.
const alone = "agent"

// inFlight is how many publishes of the agent may wait for their answers: fewer
// than its library queues.
const inFlight = 500

// key signs the tokens of scenarios that have some.
var key = auth.Key{Kid: "scenario", Alg: auth.HS256, Secret: []byte("a secret of the scenarios, 32 bytes or more")}

func direct(t *testing.T, s *scenario, command ...string) {
	d := &director{
		t: t, scenario: s, command: command, devices: map[string]*device{}, random: rand.New(rand.NewPCG(1, 2)),
	}
	config := map[string]any{}
	for k, v := range s.Config {
		config[k] = v
	}
	if s.Tokens != "" {
		told, _ := s.Config["auth"].(map[string]any)
		config["auth"] = maps.Clone(told)
		if told == nil {
			config["auth"] = map[string]any{}
		}
		config["auth"].(map[string]any)["keys"] = []any{map[string]any{"kid": key.Kid, "alg": "HS256", "secret": string(key.Secret)}}
	}
	d.server = newServer(t, config, s.Tokens == "")
	if slices.ContainsFunc(s.Steps, func(s step) bool { return s.Disk != "" }) {
		d.server.args = append(d.server.args, "--faults")
	}
	if s.Tokens != "" {
		d.server.token = d.token("backend", time.Hour)
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
	for i, step := range s.Steps {
		t.Logf("step %d: %s", i+1, step)
		d.take(step)
		if t.Failed() {
			return
		}
	}
	d.aside.Wait()
	for _, d.device = range d.devices {
		d.await(&awaitStep{Settled: true, CaughtUp: true})
	}
	d.agree()
	d.judge()
}

// on returns a device, where an agent is started when it is first named.
func (d *director) on(name string) *device {
	name = cmp.Or(name, alone)
	v := d.devices[name]
	if v == nil {
		v = &device{name: name, place: filepath.Join(d.t.TempDir(), "place")}
		d.devices[name] = v
		v.begin(d.t, d.fresh, d.command)
	}
	return v
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

// fresh is a token as the scenario's agents are given it.
func (d *director) fresh(user string) string { return d.token(user, lifetime(d.t, d.scenario.Tokens)) }

func (d *director) token(user string, life time.Duration) string {
	signed, err := auth.Config{Keys: []auth.Key{key}}.Sign(auth.Identity{Sub: user, Grants: auth.FullRights()}, time.Now(), life)
	if err != nil {
		d.t.Error(err)
	}
	return signed
}

func (d *director) take(s step) {
	d.t.Helper()
	v := d.on(s.On)
	d.device = v
	switch {
	case s.Connect != nil:
		d.connect(s.Connect)
	case s.Agent != "":
		d.live(s.Agent)
	case s.Open != nil:
		d.open(s.Open)
	case s.Edit != nil:
		d.edit(s.Edit)
	case s.Shows != nil:
		d.shows(s.Shows)
	case s.Retry != nil:
		d.retry(s.Retry)
	case s.Watch != "":
		v.agent.do(map[string]any{"do": "watch", "topic": s.Watch})
	case s.Enter != nil:
		d.enter(s.Enter)
	case s.Leave != "":
		v.agent.do(map[string]any{"do": "leave", "topic": s.Leave})
	case s.There != nil:
		d.there(s.There)
	case s.Lose:
		d.lose()
	case s.Subscribe != nil:
		v.reads[s.Subscribe.Topic] = true
		v.agent.do(map[string]any{"do": "subscribe", "topic": s.Subscribe.Topic, "from": s.Subscribe.From, "else": s.Subscribe.Else})
	case s.Publish != nil && s.Publish.Aside:
		first := d.note(s.Publish)
		d.aside.Go(func() { d.publish(v, s.Publish, first) })
	case s.Publish != nil:
		d.publish(v, s.Publish, d.note(s.Publish))
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
		v.agent.do(map[string]any{"do": "wake"})
	case s.Jump != 0:
		v.agent.do(map[string]any{"do": "jump", "ms": time.Duration(s.Jump).Milliseconds()})
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
	first := len(d.device.asked) + 1
	for i := range p.Count {
		one := d.device.message(p.Topic)
		one.rejected = i+1 == p.TooLong
		d.device.note(one)
	}
	return first
}

// tooLong is more than the server's default for an entry.
const tooLong = 100_000

func (d *director) publish(v *device, p *publishStep, first int) {
	a, former, by := v.agent, v.first, v.label()
	pace := time.NewTicker(max(time.Duration(p.Every), time.Microsecond))
	defer pace.Stop()
	for i := range p.Count {
		if p.Every > 0 {
			<-pace.C
		}
		switch p.By {
		case "agent":
			a.await("room in its queue", func() bool { return first+i-former-len(a.settled) < inFlight })
			command := map[string]any{"do": "publish", "topic": p.Topic, "by": by, "n": first + i, "key": p.key(i)}
			if i+1 == p.TooLong {
				command["pad"] = strings.Repeat("x", tooLong)
			}
			a.do(command)
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

func (d *director) connect(c *connectStep) {
	v := d.device
	command := map[string]any{"do": "connect", "url": "http://" + d.proxy.Addr()}
	if c.Roads != nil {
		command["roads"] = c.Roads
	}
	if d.scenario.Tokens != "" {
		v.user = cmp.Or(c.User, "alice")
		command["user"] = v.user
	}
	switch {
	case c.Constant != 0:
		command["constant"] = d.token(v.user, time.Duration(c.Constant))
	case d.scenario.Tokens != "":
		command["tokens"] = true
	}
	if v.kept = c.Keep; v.kept {
		command["place"] = v.place
	}
	v.agent.do(command)
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
	d.device.agent.do(map[string]any{"do": "crowd", "url": "http://" + d.proxy.Addr(), "clients": c.Clients, "topic": c.Topic})
	d.crowdComplete()
}

// crowdComplete waits until all of the crowd have read all that there is.
func (d *director) crowdComplete() {
	d.t.Helper()
	head := len(d.server.entries(d.crowd.Topic))
	deadline := time.Now().Add(patience)
	for {
		d.device.agent.mu.Lock()
		d.device.agent.counted = false
		d.device.agent.mu.Unlock()
		d.device.agent.do(map[string]any{"do": "count", "offset": head})
		d.device.agent.await("the count", func() bool { return d.device.agent.counted })
		d.device.agent.mu.Lock()
		n := d.device.agent.count
		d.device.agent.mu.Unlock()
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
	v := d.device
	a := v.agent
	if w.Published {
		d.aside.Wait()
	}
	if w.State != "" || w.Road != "" {
		a.await("state "+w.State+" road "+w.Road, func() bool {
			return (w.State == "" || a.state == w.State) && (w.Road == "" || a.road == w.Road && a.state == "live")
		})
	}
	if w.Settled || w.Published {
		a.await("the answers", func() bool {
			return len(a.settled) == v.due && (!v.kept || a.outbox != nil && a.outbox.Pending == 0)
		})
	}
	if w.Entries > 0 {
		a.await("the entries", func() bool { return a.given() >= w.Entries })
	}
	if w.CaughtUp {
		d.caughtUp()
	}
	d.awaitKept(w)
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
	a := d.device.agent
	for topic := range d.device.reads {
		log := d.server.entries(topic)
		if len(log) == 0 {
			continue
		}
		head := log[len(log)-1].Offset
		a.await(fmt.Sprintf("entry %d of %s", head, topic), func() bool { return a.streams[topic].end() >= head })
	}
	if d.crowd != nil {
		d.crowdComplete()
	}
}
