package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

const (
	secret = protocol.Secret("20781.q83vEjRWeJCrze8SNFZ4kA") // born on 2026-11-24
	other  = protocol.Secret("20781.AAAAAAAAAAAAAAAAAAAAAA")
)

var (
	start  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	config = Config{
		HelloTimeout: 5 * time.Second, Ping: 25 * time.Second, Grace: 10 * time.Second,
		AuthGrace: 30 * time.Second, Limits: protocol.DefaultLimits(),
	}
	alice = auth.Identity{Sub: "alice", Name: "Alice"}
)

// talk is a session whose effects the test answers by hand.
type talk struct {
	t   *testing.T
	s   *Session
	now time.Time
}

func newTalk(t *testing.T) *talk {
	return &talk{t: t, s: New(&config, "s1", TwoWay, start), now: start}
}

// say gives the session a frame, and returns the effects, as text.
func (k *talk) say(frame string) []string {
	var all []string
	for in := range Parse([]byte(frame), TwoWay, config.Limits) {
		all = append(all, show(k.s.Receive(k.now, in))...)
	}
	return all
}

func (k *talk) expect(got []string, want ...string) {
	k.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		k.t.Fatalf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// letIn lets alice in, with one client.
func letIn(t *testing.T, expires time.Time) *talk {
	t.Helper()
	k := newTalk(t)
	k.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":3}]}`, secret))
	id := alice
	id.Expires = expires
	k.s.Authenticated(k.now, id, nil)
	if got := show(k.s.Claimed(k.now, nil)); len(got) != 1 || !strings.HasPrefix(got[0], "say welcome") {
		t.Fatalf("got %q", got)
	}
	return k
}

// show writes effects as short texts.
func show(effects []Effect) []string {
	var all []string
	for _, e := range effects {
		all = append(all, showOne(e))
	}
	return all
}

func showOne(e Effect) string {
	code := func(err *protocol.Error) string {
		if err == nil {
			return ""
		}
		return " " + string(err.Code)
	}
	switch e := e.(type) {
	case Reply:
		switch m := e.Message.(type) {
		case *protocol.Welcome:
			return fmt.Sprintf("say welcome %s %s %s %v ping %d grace %d", m.Session, m.Sub, m.Name, m.Clients, m.Ping, m.Grace)
		case *protocol.Failure:
			return fmt.Sprintf("say error %d%s", m.ID, code(m.Error))
		case *protocol.RejectedMessage:
			return fmt.Sprintf("say rejected %s %d%s", m.Topic, m.Seq, code(m.Error))
		case *protocol.Authenticated:
			return fmt.Sprintf("say authenticated %d %s", m.ID, m.Sub)
		case *protocol.Proved:
			return fmt.Sprintf("say proved %d %v", m.ID, m.Clients)
		case *protocol.Ping:
			return "say ping"
		case *protocol.Pong:
			return "say pong"
		}
		return fmt.Sprintf("say %T", e.Message)
	case Authenticate:
		return fmt.Sprintf("authenticate %q %q", e.Token, e.Secret)
	case Claim:
		text := "claim"
		for _, c := range e.Clients {
			text += fmt.Sprintf(" %s run %d born %s", c.ID, c.Run, c.Born.Format(time.DateOnly))
		}
		return text
	case Subscribe:
		return fmt.Sprintf("subscribe %d %s as %s", e.Command.ID, e.Command.Topic, e.Identity.Sub)
	case Unsubscribe:
		return fmt.Sprintf("unsubscribe %d %s", e.Command.ID, e.Command.Topic)
	case Publish:
		return fmt.Sprintf("publish %s %d of %s run %d as %s%s", e.Command.Topic, e.Command.Seq, e.Client.ID, e.Client.Run, e.Identity.Sub, code(e.Denied))
	case History:
		return fmt.Sprintf("history %d %s as %s", e.Command.ID, e.Command.Topic, e.Identity.Sub)
	case Review:
		return "review " + e.Identity.Sub
	case Pause:
		return "pause"
	case End:
		return "end" + code(e.Err)
	}
	return fmt.Sprintf("%T", e)
}

var aliceID = protocol.ClientID("alice", secret)

func TestHello(t *testing.T) {
	t.Run("HELLO-2/welcome", func(t *testing.T) {
		k := newTalk(t)
		k.expect(k.say(fmt.Sprintf(
			`{"type":"hello","token":"t","clients":[{"secret":%q,"run":3},{"secret":%q,"run":1}],"topics":[{"topic":"a"},{"topic":"b","from":"earliest"}]}`, secret, other)),
			fmt.Sprintf("authenticate %q %q", "t", secret))
		k.expect(show(k.s.Authenticated(k.now, alice, nil)),
			fmt.Sprintf("claim %s run 3 born 2026-11-24 %s run 1 born 2026-11-24", aliceID, protocol.ClientID("alice", other)))
		k.expect(show(k.s.Claimed(k.now, nil)),
			fmt.Sprintf("say welcome s1 alice Alice [%s %s] ping 25000 grace 10000", aliceID, protocol.ClientID("alice", other)),
			"subscribe 0 a as alice", "subscribe 0 b as alice")
	})
	t.Run("HELLO-1/within_5_s", func(t *testing.T) {
		k := newTalk(t)
		k.expect(show(k.s.Tick(start.Add(5*time.Second - 1))))
		if d := k.s.Deadline(); !d.Equal(start.Add(5 * time.Second)) {
			t.Errorf("the deadline is %v", d)
		}
		k.expect(show(k.s.Tick(start.Add(5*time.Second))), "end hello_timeout")
		k.expect(show(k.s.Tick(start.Add(time.Hour))))
	})
	t.Run("HELLO-1/even_while_its_token_is_looked_at", func(t *testing.T) {
		k := newTalk(t)
		k.say(`{"type":"hello"}`)
		k.expect(show(k.s.Tick(start.Add(5*time.Second))), "end hello_timeout")
		k.expect(show(k.s.Authenticated(k.now, alice, nil)))
	})
	t.Run("HELLO-1/once", func(t *testing.T) {
		k := letIn(t, time.Time{})
		k.expect(k.say(`{"type":"hello"}`), "say error 0 bad_message")
		k.expect(k.say(`{"type":"ping"}`), "say pong")
	})
	for _, c := range []struct{ name, first, want string }{
		{"HELLO-1/comes_first", `{"type":"ping"}`, "end bad_message"},
		{"HELLO-1/nothing_is_answered_before", `[{"type":"publish","topic":"a","seq":1,"data":1},{"type":"hello"}]`, "end bad_message"},
		{"HELLO-3/unknown_type", `{"type":"greetings"}`, "end unknown_type"},
		{"HELLO-3/shape", `{"type":"hello","topics":"a"}`, "end bad_message"},
		{"HELLO-3/topic", `{"type":"hello","topics":[{"topic":""}]}`, "end bad_topic"},
		{"HELLO-3/topic_twice", `{"type":"hello","topics":[{"topic":"a"},{"topic":"a"}]}`, "end bad_message"},
		{"HELLO-3/topics", `{"type":"hello","topics":[` + strings.Repeat(`{"topic":"a"},`, 256) + `{"topic":"a"}]}`, "end limit_exceeded"},
		{"HELLO-3/clients", `{"type":"hello","clients":[` + strings.Repeat(fmt.Sprintf(`{"secret":%q,"run":1},`, secret), 32) + fmt.Sprintf(`{"secret":%q,"run":1}]}`, secret), "end limit_exceeded"},
		{"CLIENT-1/a_secret_that_is_none", `{"type":"hello","clients":[{"secret":"x","run":1}]}`, "end bad_client"},
		{"CLIENT-1/no_secret", `{"type":"hello","clients":[{"run":1}]}`, "end bad_client"},
		{"CLIENT-1/from_the_future", `{"type":"hello","clients":[{"secret":"20783.q83vEjRWeJCrze8SNFZ4kA","run":1}]}`, "end bad_client"},
		{"CLIENT-1/from_where_it_is_tomorrow", `{"type":"hello","clients":[{"secret":"20782.q83vEjRWeJCrze8SNFZ4kA","run":1}]}`, `authenticate "" "20782.q83vEjRWeJCrze8SNFZ4kA"`},
		{"CLIENT-3/no_run", fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q}]}`, secret), "end bad_message"},
		{"CLIENT-3/a_client_twice", fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1},{"secret":%q,"run":2}]}`, secret, secret), "end bad_message"},
		{"FRAME-1/no_json", `{`, "end bad_frame"},
		{"FRAME-1/no_object", `7`, "end bad_frame"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newTalk(t)
			k.expect(k.say(c.first), c.want)
			if strings.HasPrefix(c.want, "end") {
				k.expect(k.say(`{"type":"hello"}`))
			}
		})
	}
	t.Run("HELLO-3/token", func(t *testing.T) {
		k := newTalk(t)
		k.say(`{"type":"hello","token":"t"}`)
		k.expect(show(k.s.Authenticated(k.now, auth.Identity{}, protocol.Errorf(protocol.TokenExpired, ""))), "end token_expired")
	})
	t.Run("HELLO-3/an_error_of_ours_tells_nothing", func(t *testing.T) {
		k := newTalk(t)
		k.say(`{"type":"hello","token":"t"}`)
		effects := k.s.Authenticated(k.now, auth.Identity{}, fmt.Errorf("the disk is on fire"))
		if e := effects[0].(End); e.Err.Code != protocol.Internal || strings.Contains(e.Err.Message, "fire") {
			t.Errorf("got %v", e.Err)
		}
	})
	t.Run("HELLO-3/client", func(t *testing.T) {
		k := newTalk(t)
		k.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":3}]}`, secret))
		k.s.Authenticated(k.now, alice, nil)
		k.expect(show(k.s.Claimed(k.now, protocol.Errorf(protocol.StaleRun, ""))), "end stale_run")
	})
}

func TestFrame(t *testing.T) {
	mine := fmt.Sprintf("of %s run 3 as alice", aliceID)
	for _, c := range []struct {
		name, frame string
		want        []string
	}{
		{"FRAME-1/one_message", ` {"type":"ping"} `, []string{"say pong"}},
		{"FRAME-1/an_array", `[{"type":"ping"},{"type":"pong"},{"type":"ping"}]`, []string{"say pong", "say pong"}},
		{"FRAME-1/an_empty_array", `[]`, nil},
		{"FRAME-1/not_json", `ping`, []string{"end bad_frame"}},
		{"FRAME-1/two_values", `{"type":"ping"} {"type":"ping"}`, []string{"end bad_frame"}},
		{"FRAME-1/not_utf8", "{\"type\":\"\xff\"}", []string{"end bad_frame"}},
		{"FRAME-1/an_array_of_other_things", `[{"type":"ping"},7]`, []string{"end bad_frame"}},
		{"FRAME-1/duplicate_names", `{"type":"ping","type":"ping"}`, []string{"end bad_frame"}},
		{"FRAME-1/deep_nesting", strings.Repeat("[", 100_000), []string{"end bad_frame"}},
		{"FRAME-1/too_large", `"` + strings.Repeat("x", config.Limits.FrameBytes) + `"`, []string{"end too_large"}},
		{"FRAME-2/unknown_members", `{"type":"unsubscribe","id":1,"topic":"a","new":[{}]}`, []string{"unsubscribe 1 a"}},
		{"FRAME-2/unknown_type", `[{"type":"sing","id":4},{"type":"ping"}]`, []string{"say error 4 unknown_type", "say pong"}},
		{"FRAME-2/no_type", `[{"id":4},{"type":"ping"}]`, []string{"say error 4 unknown_type", "say pong"}},
		{"FRAME-2/a_type_that_is_no_string", `[{"type":1,"id":4},{"type":"ping"}]`, []string{"say error 4 bad_message", "say pong"}},
		{"FRAME-2/a_message_of_the_server", `{"type":"welcome","id":4}`, []string{"say error 4 unknown_type"}},
		{"FRAME-2/no_id", `{"type":"subscribe","topic":"a"}`, []string{"say error 0 bad_message"}},
		{"FRAME-2/an_id_that_is_no_number", `{"type":"subscribe","id":"x","topic":"a"}`, []string{"say error 0 bad_message"}},
		{"FRAME-2/a_negative_id", `{"type":"subscribe","id":-1,"topic":"a"}`, []string{"say error 0 bad_message"}},
		{"FRAME-2/no_topic", `{"type":"subscribe","id":4}`, []string{"say error 4 bad_topic"}},
		{"FRAME-2/from_of_the_wrong_shape", `{"type":"subscribe","id":4,"topic":"a","from":"old"}`, []string{"say error 4 bad_message"}},
		{"FRAME-2/both_ends_of_a_page", `{"type":"history","id":4,"topic":"a","after":1,"before":2}`, []string{"say error 4 bad_message"}},
		{"FRAME-2/a_page_too_long", `{"type":"history","id":4,"topic":"a","limit":1001}`, []string{"say error 4 limit_exceeded"}},
		{"FRAME-2/a_negative_page", `{"type":"history","id":4,"topic":"a","limit":-1}`, []string{"say error 4 limit_exceeded"}},
		{"FRAME-2/a_publish_without_seq", `{"type":"publish","topic":"a","data":1}`, []string{"say error 0 bad_message"}},
		{"FRAME-3/a_malformed_publish_is_judged_in_its_place", `{"type":"publish","topic":"a","seq":4}`, []string{"publish a 4 " + mine + " bad_message"}},
		{"FRAME-3/a_publish_to_no_topic", `{"type":"publish","topic":"","seq":4,"data":1}`, []string{"say rejected  4 bad_topic"}},
		{"FRAME-3/publish_with_a_bad_name", `{"type":"publish","topic":"a","seq":4,"name":"open","data":1}`, []string{"publish a 4 " + mine + " bad_name"}},
		{"FRAME-3/publish_too_deep", `{"type":"publish","topic":"a","seq":4,"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, []string{"publish a 4 " + mine + " too_deep"}},
		{"FRAME-3/publish_too_large", `{"type":"publish","topic":"a","seq":4,"data":"` + strings.Repeat("x", 64<<10) + `"}`, []string{"publish a 4 " + mine + " too_large"}},
		{"FRAME-3/publish_of_the_only_client", `{"type":"publish","topic":"a","seq":4,"data":1}`, []string{"publish a 4 " + mine}},
		{"CLIENT-2/publish_of_a_client_by_id", fmt.Sprintf(`{"type":"publish","topic":"a","client":%q,"seq":4,"data":1}`, aliceID), []string{"publish a 4 " + mine}},
		{"CLIENT-2/publish_of_another_client", `{"type":"publish","topic":"a","client":"AAAAAAAAAAAAAAAAAAAAAA","seq":4,"data":1}`, []string{"say rejected a 4 bad_client"}},
		{"CLIENT-2/publish_of_no_client", `{"type":"publish","topic":"a","client":"x","seq":4,"data":1}`, []string{"say rejected a 4 bad_client"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := letIn(t, time.Time{})
			k.expect(k.say(c.frame), c.want...)
		})
	}
}

// Several clients on one connection: each entry must name its own.
func TestFrame_CLIENT_2_several_clients(t *testing.T) {
	k := newTalk(t)
	k.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1},{"secret":%q,"run":2}]}`, secret, other))
	k.s.Authenticated(k.now, alice, nil)
	k.s.Claimed(k.now, nil)
	k.expect(k.say(`{"type":"publish","topic":"a","seq":1,"data":1}`), "say rejected a 1 bad_client")
	id := protocol.ClientID("alice", other)
	k.expect(k.say(fmt.Sprintf(`{"type":"publish","topic":"a","client":%q,"seq":1,"data":1}`, id)),
		fmt.Sprintf("publish a 1 of %s run 2 as alice", id))
}

// Prove puts other clients in the place of those that there were.
func TestFrame_HELLO_4_prove(t *testing.T) {
	first, second := protocol.ClientID("alice", secret), protocol.ClientID("alice", other)
	prove := func(id int, proofs ...string) string {
		return fmt.Sprintf(`{"type":"prove","id":%d,"clients":[%s]}`, id, strings.Join(proofs, ","))
	}
	proof := func(secret protocol.Secret, run int) string {
		return fmt.Sprintf(`{"secret":%q,"run":%d}`, secret, run)
	}
	of := func(client string) string {
		return fmt.Sprintf(`{"type":"publish","topic":"a","client":%q,"seq":1,"data":1}`, client)
	}

	k := letIn(t, time.Time{})
	k.expect(k.say(prove(7, proof(secret, 3), proof(other, 2))),
		fmt.Sprintf("claim %s run 3 born 2026-11-24 %s run 2 born 2026-11-24", first, second))
	k.expect(show(k.s.Claimed(k.now, nil)), fmt.Sprintf("say proved 7 [%s %s]", first, second))
	k.expect(k.say(of(second)), fmt.Sprintf("publish a 1 of %s run 2 as alice", second))

	k.say(prove(8, proof(other, 1)))
	k.expect(show(k.s.Claimed(k.now, protocol.Errorf(protocol.StaleRun, ""))), "say error 8 stale_run")
	k.expect(k.say(of(first)), fmt.Sprintf("publish a 1 of %s run 3 as alice", first))

	k.say(prove(9, proof(other, 3)))
	k.expect(show(k.s.Claimed(k.now, nil)), fmt.Sprintf("say proved 9 [%s]", second))
	k.expect(k.say(of(first)), "say rejected a 1 bad_client")
	k.expect(k.say(prove(10, proof("20783.q83vEjRWeJCrze8SNFZ4kA", 1))), "say error 10 bad_client")
	k.expect(k.say(prove(11, proof(other, 0))), "say error 11 bad_message")
	k.expect(k.say(prove(0, proof(other, 4))), "say error 0 bad_message")
	k.expect(k.say(prove(12, strings.Split(strings.Repeat(proof(other, 4)+";", 33), ";")[:33]...)), "say error 12 limit_exceeded")
}

// While the token has expired nobody new is let in.
func TestFrame_HELLO_4_expired(t *testing.T) {
	k := letIn(t, start.Add(time.Minute))
	k.now = start.Add(2 * time.Minute)
	k.expect(k.say(fmt.Sprintf(`{"type":"prove","id":7,"clients":[{"secret":%q,"run":4}]}`, secret)), "say error 7 token_expired")
}

// A connection that proved no client can publish nothing.
func TestFrame_CLIENT_1_without_a_client(t *testing.T) {
	k := newTalk(t)
	k.say(`{"type":"hello"}`)
	k.s.Authenticated(k.now, alice, nil)
	k.s.Claimed(k.now, nil)
	k.expect(k.say(`{"type":"publish","topic":"a","seq":1,"data":1}`), "say rejected a 1 bad_client")
}
