package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience ends a scenario that hangs.
const patience = 2 * time.Minute

// agent is a client in a process of its own, and all that it told.
type agent struct {
	t       *testing.T
	tokens  func() string // what it is answered when it asks for one
	process *exec.Cmd
	in      io.WriteCloser
	errors  strings.Builder
	drained chan struct{}

	mu       sync.Mutex // guards the fields below
	news     *sync.Cond
	state    string
	road     string
	roads    map[string]bool    // it was live on
	streams  map[string]*stream // by topic
	settled  map[int]settlement // by number
	outbox   *outbox            // nil: it told nothing of it
	answers  map[int]json.RawMessage
	rooms    map[string]*room // by topic
	tokened  int              // how often it asked for a token
	count    count
	counted  bool
	failures []string // what must never happen
	ended    bool
	over     bool // somebody saw to its end
}

// stream is what an agent was given of a topic.
type stream struct {
	runs []run
}

// run is what came behind one start.
type run struct {
	from    uint64
	entries []given
}

// given is an entry as an agent was given it.
type given struct {
	entry
	skipped uint64 // entries just before it that it was told are left out
}

type settlement struct {
	offset uint64
	err    string
}

type count struct{ Live, Complete, Faults int }

// launch starts an agent.
func launch(t *testing.T, tokens func() string, command ...string) *agent {
	t.Helper()
	a := &agent{
		t: t, tokens: tokens, process: exec.Command(command[0], command[1:]...), drained: make(chan struct{}),
		roads: map[string]bool{}, streams: map[string]*stream{}, settled: map[int]settlement{},
		answers: map[int]json.RawMessage{}, rooms: map[string]*room{},
	}
	a.news = sync.NewCond(&a.mu)
	a.process.Stderr = &a.errors
	var err error
	if a.in, err = a.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := a.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.process.Start(); err != nil {
		t.Fatal(err)
	}
	go a.listen(out)
	t.Cleanup(a.quit)
	return a
}

// kill ends it as a crash does.
func (a *agent) kill() {
	a.over = true
	_ = a.process.Process.Kill() // it may be gone
	<-a.drained
	_ = a.process.Wait() // it says that it was killed
	for _, failure := range a.failures {
		a.t.Error(failure)
	}
}

// quit ends it as its user does. To quit again does nothing.
func (a *agent) quit() {
	a.t.Helper()
	if a.over {
		return
	}
	a.over = true
	_ = a.in.Close()
	timer := time.AfterFunc(patience, func() { _ = a.process.Process.Signal(syscall.SIGQUIT) }) // it says where it hangs
	<-a.drained
	timer.Stop()
	for _, failure := range a.failures {
		a.t.Error(failure)
	}
	if err := a.process.Wait(); err != nil {
		a.t.Errorf("the agent ended with %v:\n%s", err, a.errors.String())
	} else if a.errors.Len() > 0 {
		a.t.Log(a.errors.String())
	}
}

// do tells the agent what to do. That it does not listen shows when something
// is waited for.
func (a *agent) do(command map[string]any) {
	line, err := json.Marshal(command)
	if err != nil {
		panic(err)
	}
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		a.fail("the agent does not listen: %v", err)
	}
}

// event is a line that an agent says.
type event struct {
	Event, State, Road, Topic, Key, Error string
	Offset, Skipped                       uint64
	Recovered                             bool
	Data                                  json.RawMessage
	User                                  string
	Users                                 []string
	N                                     int
	count
	outbox
}

func (a *agent) listen(out io.Reader) {
	defer close(a.drained)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			a.fail("the agent said %q", lines.Text())
			continue
		}
		if e.Event == "token" {
			a.mu.Lock()
			a.tokened++
			a.mu.Unlock()
			go a.do(map[string]any{"do": "token", "token": a.tokens()})
			continue
		}
		a.mu.Lock()
		a.hear(e)
		a.news.Broadcast()
		a.mu.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.news.Broadcast()
}

func (a *agent) fail(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = append(a.failures, fmt.Sprintf(format, args...))
}

// hear notes an event. a.mu is held.
func (a *agent) hear(e event) {
	s := a.streams[e.Topic]
	if s == nil {
		s = &stream{}
		a.streams[e.Topic] = s
	}
	switch e.Event {
	case "status":
		a.state = e.State
		if e.State == "live" {
			a.road = e.Road
			a.roads[e.Road] = true
		}
	case "started":
		s.runs = append(s.runs, run{from: e.Offset})
	case "entry":
		if len(s.runs) == 0 {
			a.failures = append(a.failures, fmt.Sprintf("entry %d of %s came before its start", e.Offset, e.Topic))
			return
		}
		r := &s.runs[len(s.runs)-1]
		r.entries = append(r.entries, given{entry{Offset: e.Offset, Key: e.Key, Data: e.Data}, e.Skipped})
	case "failed":
		a.failures = append(a.failures, fmt.Sprintf("the subscription of %s ended with %s", e.Topic, e.Error))
	case "settled":
		if _, twice := a.settled[e.N]; twice {
			a.failures = append(a.failures, fmt.Sprintf("publish %d was settled twice", e.N))
		}
		a.settled[e.N] = settlement{e.Offset, e.Error}
	case "outbox":
		a.outbox = &e.outbox
	case "answer":
		a.answers[e.N] = e.Data
	case "there", "came", "left", "entered":
		a.meet(e)
	case "count":
		a.count, a.counted = e.count, true
	default:
		a.failures = append(a.failures, fmt.Sprintf("the agent told of %q", e.Event))
	}
}

// given is how many entries of all topics the agent was given. a.mu is held.
func (a *agent) given() int {
	n := 0
	for _, s := range a.streams {
		for _, r := range s.runs {
			n += len(r.entries)
		}
	}
	return n
}

// await blocks until ok, which is called with a.mu held.
func (a *agent) await(what string, ok func() bool) {
	a.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		late = true
		a.news.Broadcast()
	})
	defer timer.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for !ok() {
		if late || a.ended {
			a.t.Fatalf("%s never came: state %s, road %s, %d entries, %d settled, outbox %+v, failures %q\n%s",
				what, a.state, a.road, a.given(), len(a.settled), a.outbox, a.failures, a.errors.String())
		}
		a.news.Wait()
	}
}
