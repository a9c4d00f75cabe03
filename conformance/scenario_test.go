package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/chaos"
)

// scenario is one file of scenarios/.
type scenario struct {
	Name   string         `json:"name"`
	About  string         `json:"about"`
	Rules  []string       `json:"rules"`            // of spec/protocol.md
	Config map[string]any `json:"config,omitempty"` // of the server, as in its configuration file
	Tokens string         `json:"tokens,omitempty"` // how long a token lives; absent: the server runs in dev and asks for none
	Agents []string       `json:"agents,omitempty"` // absent: all
	Steps  []step         `json:"steps"`
	Expect expectation    `json:"expect,omitzero"`
}

// step is one thing to do or to wait for; one field is set.
type step struct {
	Connect   *connectStep   `json:"connect,omitempty"`
	Crowd     *crowdStep     `json:"crowd,omitempty"`
	On        string         `json:"on,omitempty"`    // the device of the agent that the step is for; absent: the only one
	Agent     string         `json:"agent,omitempty"` // kill, quit (orderly), start (the next life on the device)
	Subscribe *subscribeStep `json:"subscribe,omitempty"`
	Publish   *publishStep   `json:"publish,omitempty"`
	Open      *openStep      `json:"open,omitempty"`
	Edit      *editStep      `json:"edit,omitempty"`
	Shows     *showsStep     `json:"shows,omitempty"`
	Retry     *retryStep     `json:"retry,omitempty"`
	Watch     string         `json:"watch,omitempty"` // a topic of which the agent is told who is there
	Enter     *enterStep     `json:"enter,omitempty"`
	Leave     string         `json:"leave,omitempty"` // a topic
	There     *thereStep     `json:"there,omitempty"`
	Lose      bool           `json:"lose,omitempty"`   // all that is kept on the device is deleted
	Server    string         `json:"server,omitempty"` // kill, stop, start, empty (start over an empty directory)
	Faults    []chaos.Rule   `json:"faults,omitzero"`  // in place of those that were; [] for none
	Cut       *cutStep       `json:"cut,omitempty"`
	Storm     *stormStep     `json:"storm,omitempty"`
	Disk      string         `json:"disk,omitempty"` // full, free
	Wake      bool           `json:"wake,omitempty"`
	Jump      duration       `json:"jump,omitempty"` // of the client's clock
	Pass      duration       `json:"pass,omitempty"` // real time, where there is nothing to wait for
	Await     *awaitStep     `json:"await,omitempty"`
	// AttemptsAtMost is how many connections the proxy may have seen since the
	// last faults.
	AttemptsAtMost int `json:"attemptsAtMost,omitempty"`
}

type connectStep struct {
	Roads    []string `json:"roads,omitempty"`    // absent: all
	Keep     bool     `json:"keep,omitempty"`     // it keeps on the device what is not settled, and documents
	User     string   `json:"user,omitempty"`     // the sub of its tokens, and whose it is what is kept; absent: alice, where there are tokens
	Constant duration `json:"constant,omitempty"` // it has one token, which lives that long
}

// crowdStep starts many clients that read one topic from its start.
type crowdStep struct {
	Clients int    `json:"clients"`
	Topic   string `json:"topic"`
}

type subscribeStep struct {
	Topic string `json:"topic"`
	From  any    `json:"from,omitempty"`
	Else  string `json:"else,omitempty"`
}

// publishStep publishes numbered messages: by the agent, or by a backend that
// reaches the server without the proxy and repeats until it is answered.
type publishStep struct {
	Topic string   `json:"topic"`
	Count int      `json:"count"`
	Keys  []string `json:"keys,omitempty"` // of the entries, in turn; absent, or empty: none
	// TooLong is which of them, from 1 on, is longer than an entry of the server may be.
	TooLong int      `json:"tooLong,omitempty"`
	Every   duration `json:"every,omitempty"`
	By      string   `json:"by"`              // agent, backend
	Aside   bool     `json:"aside,omitempty"` // the next step does not wait
}

// key is the key of the step's i-th message.
func (p *publishStep) key(i int) string {
	if len(p.Keys) == 0 {
		return ""
	}
	return p.Keys[i%len(p.Keys)]
}

// openStep opens a document.
type openStep struct {
	Kind    string `json:"kind"`
	Topic   string `json:"topic"`
	Offline bool   `json:"offline,omitempty"` // it is kept
}

// editStep calls a method of an open document.
type editStep struct {
	Topic  string `json:"topic"`
	Method string `json:"method"`
	Args   []any  `json:"args"`
	// Rejected says that it is to be in vain.
	Rejected bool `json:"rejected,omitempty"`
}

// showsStep waits until a document shows a value, or each of some texts, once.
type showsStep struct {
	Topic string   `json:"topic"`
	Is    string   `json:"is,omitempty"` // JSON
	Holds []string `json:"holds,omitempty"`
}

// retryStep makes a dead letter of a topic a new entry.
type retryStep struct {
	Topic string `json:"topic"`
	Data  any    `json:"data,omitempty"` // absent: a message of the next number
}

// enterStep lets the agent enter a topic, and waits until it has.
type enterStep struct {
	Topic string `json:"topic"`
	State any    `json:"state,omitempty"`
}

// thereStep waits until the agent shows who is in a topic, and holds that it was told
// of nobody else who left.
type thereStep struct {
	Topic string   `json:"topic"`
	Users []string `json:"users"`
	Left  []string `json:"left"` // in this life of the agent, in order
}

type cutStep struct {
	Road chaos.Road `json:"road,omitempty"` // absent: all
}

// stormStep cuts all connections again and again, at random times, each time
// with another of the given sets of faults.
type stormStep struct {
	Cuts   int            `json:"cuts"`
	Least  duration       `json:"least"`
	Most   duration       `json:"most"`
	Faults [][]chaos.Rule `json:"faults"`
}

// awaitStep waits for all of what is set.
type awaitStep struct {
	State     string `json:"state,omitempty"`
	Road      string `json:"road,omitempty"`
	Settled   bool   `json:"settled,omitempty"`   // every publish of the agent
	Published bool   `json:"published,omitempty"` // every publish, the backend's too
	CaughtUp  bool   `json:"caughtUp,omitempty"`  // the agent has been given all that the log holds
	Entries   int    `json:"entries,omitempty"`   // that the agent was given, at least
	Attempts  int    `json:"attempts,omitempty"`  // connections that the proxy saw since the last faults, at least

	Stored bool           `json:"stored,omitempty"` // what the agent has published and edited, and what is not settled, is on its device
	Dead   *int           `json:"dead,omitempty"`   // dead letters, exactly
	Logged map[string]int `json:"logged,omitempty"` // by topic: entries of the log, at least
}

// expectation is what holds at the end, beside the sequence.
type expectation struct {
	Lost    int      `json:"lost,omitempty"`    // how often the agent is told recovered: false
	Skipped uint64   `json:"skipped,omitempty"` // how many entries the agent is told are left out
	Roads   []string `json:"roads,omitempty"`   // the agent was live on each
	Tokens  int      `json:"tokens,omitempty"`  // how often the agent asked for one, at least
	// Refused are codes of errors, each of which the server answered at least once.
	Refused []string `json:"refused,omitempty"`
}

// duration is written as "1m30s".
type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	value, err := time.ParseDuration(s)
	*d = duration(value)
	return err
}

// load reads a scenario; a member that it does not know is a fault.
func load(t *testing.T, file string) *scenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	s := new(scenario)
	if err := d.Decode(s); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if want := strings.TrimSuffix(filepath.Base(file), ".json"); s.Name != want {
		t.Fatalf("%s: its name is %q", file, s.Name)
	}
	return s
}

// crowded says whether the scenario has thousands of clients.
func (s *scenario) crowded() bool {
	return slices.ContainsFunc(s.Steps, func(s step) bool { return s.Crowd != nil })
}

// String says what a step is, for failures.
func (s step) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Sprintf("%+v", struct{ step }{s})
	}
	return string(text)
}

func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }
