package road

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/protocol"
)

// told are effects in words: what is said to the server, and what is passed on.
func told(effects []Effect) string {
	var all []string
	for _, effect := range effects {
		switch e := effect.(type) {
		case Open:
			all = append(all, "open "+words(e.Body))
		case Post:
			all = append(all, "post "+words(e.Body))
		case Farewell:
			all = append(all, "farewell "+words(e.Body))
		case Pass:
			m := e.Input.(core.Message).Message
			all = append(all, "pass "+strings.TrimPrefix(string(protocol.Append(nil, m)), `{"type":`))
		}
	}
	return strings.Join(all, "\n")
}

// words leaves out of what is said who says it.
func words(body []byte) string {
	const who = `"clients":[{"secret":"20781.q83vEjRWeJCrze8SNFZ4kA","run":1}]`
	return strings.ReplaceAll(strings.ReplaceAll(string(body), who+",", ""), ","+who, "")
}

// A machine that says who is there, from one hello to the last words.
func TestMachine_PRES_6_presence(t *testing.T) {
	m := New()
	say := func(command any) []Effect { return m.Say(protocol.Append(nil, command)) }
	hear := func(message any) []Effect { return m.Hear(m.number, message) }
	welcome := &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()}
	list := func(version uint64, recovered bool) *protocol.Watching {
		return &protocol.Watching{Topic: "t", Epoch: "e", Version: version, Recovered: recovered}
	}
	failed := protocol.Errorf(protocol.Forbidden, "no")
	const in = `open {"type":"hello","watch":[{"topic":"t","since":{"epoch":"e","version":%d}}],"enter":[{"topic":"t","state":%s}]}`
	for _, step := range []struct {
		what string
		made []Effect
		want string
	}{
		{"hello", say(&protocol.Hello{
			Clients: []protocol.ClientProof{{Secret: secret, Run: 1}},
			Watch:   []protocol.Watch{{Topic: "t"}}, Enter: []protocol.Enter{{Topic: "t", State: jsontext.Value("1")}},
		}), `open {"type":"hello","watch":[{"topic":"t"}],"enter":[{"topic":"t","state":1}]}`},
		{"welcome", hear(welcome)[1:], ""},
		{"the answer to hello", hear(list(3, false)), `pass "watching","topic":"t","epoch":"e","version":3,"recovered":false,"count":0,"users":0,"grace":0}`},
		{"and the other one", hear(&protocol.Entered{Topic: "t"}), `pass "entered","topic":"t","client":""}`},
		{"a change", hear(&protocol.Presence{Topic: "t", From: 3, Version: 4}), `pass "presence","topic":"t","from":3,"version":4,"time":0,"count":0,"users":0}`},
		{"an update is a command", say(&protocol.Update{Topic: "t", State: jsontext.Value("2")}), `post [{"type":"hello"},{"type":"update","topic":"t","state":2}]`},
		{"and is answered", m.Answered(), ""},
		{"a watch opens the stream anew", say(&protocol.Watch{ID: 1, Topic: "u"}), strings.Replace(fmt.Sprintf(in, 4, "2"), `}}]`, `}},{"topic":"u"}]`, 1)},
		{"which says so", hear(welcome), `pass "pong"}`},
		{"what is known is not passed on", hear(list(4, true)), ""},
		{"nor that", hear(&protocol.Entered{Topic: "t"}), ""},
		{"what was refused is the command's answer", hear(&protocol.Unwatched{Topic: "u", Error: failed}), `pass "error","id":1,"error":{"code":"forbidden","message":"no","retryable":false}}`},
		{"entering again too", say(&protocol.Enter{ID: 2, Topic: "t", State: jsontext.Value("3")}), fmt.Sprintf(in, 4, "3")},
		{"to leave waits for that", say(&protocol.Leave{ID: 3, Topic: "t"}), ""},
		{"which says so", hear(welcome), `pass "pong"}`},
		{"a list that is told anew", hear(list(9, false)), `pass "watching","topic":"t","epoch":"e","version":9,"recovered":false,"count":0,"users":0,"grace":0}`},
		{"then it leaves", hear(&protocol.Entered{Topic: "t"}), `post [{"type":"hello"},{"type":"leave","id":3,"topic":"t"}]`},
		{"and is answered", m.Answered(), ""},
		{"to watch no more", say(&protocol.Unwatch{ID: 4, Topic: "t"}), `open {"type":"hello"}`},
		{"which says so", hear(welcome), `pass "pong"}`},
		{"what is not watched is not passed on", hear(&protocol.Presence{Topic: "t", From: 9, Version: 10}), ""},
		{"entering", say(&protocol.Enter{ID: 5, Topic: "v"}), `open {"type":"hello","enter":[{"topic":"v"}]}`},
		{"which says so", hear(welcome), `pass "pong"}`},
		{"under its id", hear(&protocol.Entered{Topic: "v"}), `pass "entered","id":5,"topic":"v","client":""}`},
		{"the server ends it", hear(&protocol.LeftMessage{Topic: "v", Error: failed}), `pass "left","topic":"v","client":"","error":{"code":"forbidden","message":"no","retryable":false}}`},
		{"entering", say(&protocol.Enter{ID: 6, Topic: "v"}), `open {"type":"hello","enter":[{"topic":"v"}]}`},
		{"which says so", hear(welcome), `pass "pong"}`},
		{"to leave waits for that", say(&protocol.Leave{ID: 7, Topic: "v"}), ""},
		{"also if it is refused", hear(&protocol.LeftMessage{Topic: "v", Error: failed}), `post [{"type":"hello"},{"type":"leave","id":7,"topic":"v"}]`},
		{"and is answered", m.Answered(), ""},
		{"entering", say(&protocol.Enter{ID: 8, Topic: "v"}), `open {"type":"hello","enter":[{"topic":"v"}]}`},
		{"last words name all topics", say(&protocol.Leave{ID: 9, Away: true}), `farewell [{"type":"hello"},{"type":"leave","id":9,"topic":"v","away":true}]`},
	} {
		if got := told(step.made); got != step.want {
			t.Errorf("%s: %s, not %s", step.what, got, step.want)
		}
	}
}

func TestPoll_PRES_6_what_is_known_brings_nothing(t *testing.T) {
	m := New()
	m.Say(protocol.Append(nil, &protocol.Hello{
		Clients: []protocol.ClientProof{{Secret: secret, Run: 1}},
		Watch:   []protocol.Watch{{Topic: "t"}}, Enter: []protocol.Enter{{Topic: "t"}},
	}))
	for i, first := range []bool{true, false, false} {
		number := uint64(i + 1)
		m.Hear(number, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
		m.Hear(number, &protocol.Watching{Topic: "t", Epoch: "e", Recovered: !first})
		m.Hear(number, &protocol.Entered{Topic: "t"})
		next, err := m.Ended(number)
		if _, rests := next[0].(Rest); err != nil || rests == first {
			t.Errorf("ROAD-3: behind poll %d comes %+v, %v", number, next, err)
		}
		m.Rested(number)
	}
}
