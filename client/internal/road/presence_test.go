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

// entered is a machine whose stream has told it that the client is in a topic.
func entered(t *testing.T) *Machine {
	t.Helper()
	m := New()
	m.Say(protocol.Append(nil, &protocol.Hello{
		Clients: []protocol.ClientProof{{Secret: secret, Run: 1}}, Enter: []protocol.Enter{{Topic: "t"}},
	}))
	m.Hear(1, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
	if got := told(m.Hear(1, &protocol.Entered{Topic: "t"})); got == "" {
		t.Fatal("the core is not told that it has entered")
	}
	return m
}

// A leave that comes late would end the member that was entered behind it.
func TestMachine_PRES_5_enter_waits_for_the_leave_before_it(t *testing.T) {
	const again = `open {"type":"hello","enter":[{"topic":"t","state":2}]}`
	update := protocol.Append(nil, &protocol.Update{Topic: "t", State: jsontext.Value("1")})
	leave := protocol.Append(nil, &protocol.Leave{ID: 1, Topic: "t"})
	enter := protocol.Append(nil, &protocol.Enter{ID: 2, Topic: "t", State: jsontext.Value("2")})
	is := func(what string, made []Effect, want string) {
		t.Helper()
		if got := told(made); got != want {
			t.Errorf("%s: %q, not %q", what, got, want)
		}
	}
	t.Run("behind_another_POST", func(t *testing.T) {
		m := entered(t)
		m.Say(update)
		is("to leave waits for the POST that is out", m.Say(leave), "")
		is("and to enter for that", m.Say(enter), "")
		is("the POST is answered", m.Answered(), `post [{"type":"hello"},{"type":"leave","id":1,"topic":"t"}]`)
		m.Say(protocol.Append(nil, &protocol.Signal{Topic: "u", Name: "n"}))
		is("the leave is answered", m.Answered(), again+"\n"+`post [{"type":"hello"},{"type":"signal","topic":"u","name":"n"}]`)
	})
	t.Run("as_all_that_opens_the_stream_anew", func(t *testing.T) {
		m := entered(t)
		m.Say(leave)
		m.Say(protocol.Append(nil, &protocol.Watch{ID: 3, Topic: "u"}))
		m.Say(enter)
		is("the leave is answered", m.Answered(), `open {"type":"hello","watch":[{"topic":"u"}],"enter":[{"topic":"t","state":2}]}`)
	})
	t.Run("while_a_poll_ends", func(t *testing.T) {
		m := entered(t)
		m.Say(leave)
		m.Say(enter)
		next, err := m.Ended(1)
		if err != nil {
			t.Fatal(err)
		}
		is("the next waits too", next, "")
		is("the leave is answered", m.Answered(), again)
	})
	t.Run("and_what_the_old_stream_says_moves_nothing", func(t *testing.T) {
		m := entered(t)
		m.Say(protocol.Append(nil, &protocol.Subscribe{ID: 3, Topic: "u"}))
		m.Hear(2, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()})
		m.Hear(2, &protocol.Subscribed{ID: 3, Topic: "u"})
		m.Say(leave)
		m.Say(protocol.Append(nil, &protocol.Subscribe{ID: 4, Topic: "u", From: protocol.FromEarliest()}))
		if made := m.Hear(2, &core.Entry{Topic: "u", Entry: protocol.Entry{Offset: 7}}); made != nil {
			t.Errorf("an entry is passed on: %v", made)
		}
		is("the leave is answered", m.Answered(), `open {"type":"hello","topics":[{"topic":"u","from":"earliest"}]}`)
	})
}

// A request that is on its way would enter whom the leave has ended.
func TestMachine_PRES_5_leave_waits_for_the_request_before_it(t *testing.T) {
	m := entered(t)
	m.Say(protocol.Append(nil, &protocol.Watch{ID: 1, Topic: "u"}))
	for i, step := range []struct {
		made []Effect
		want string
	}{
		{m.Say(protocol.Append(nil, &protocol.Leave{ID: 2, Topic: "t"})), ""},
		{m.Hear(2, &protocol.Welcome{Ping: 7000, Limits: protocol.DefaultLimits()}), `pass "pong"}`},
		{m.Hear(2, &protocol.Entered{Topic: "t"}), `post [{"type":"hello"},{"type":"leave","id":2,"topic":"t"}]`},
		{m.Answered(), ""},
		{m.Say(protocol.Append(nil, &protocol.Ping{})), `open {"type":"hello","watch":[{"topic":"u"}]}`},
	} {
		if got := told(step.made); got != step.want {
			t.Errorf("step %d: %q, not %q", i, got, step.want)
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
