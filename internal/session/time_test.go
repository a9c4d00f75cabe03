package session

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

func (k *talk) after(d time.Duration) []string {
	k.now = start.Add(d)
	return show(k.s.Tick(k.now))
}

func TestLive_LIVE_1(t *testing.T) {
	const s = time.Second
	t.Run("a_ping_when_nothing_was_said", func(t *testing.T) {
		k := letIn(t, time.Time{})
		k.s.Heard(start.Add(20 * s))
		k.expect(k.after(25*s - 1))
		k.expect(k.after(25*s), "say ping")
		k.s.Heard(start.Add(26 * s))
		k.expect(k.after(49 * s))
		k.expect(k.after(50*s), "say ping")
	})
	t.Run("a_ping_when_nothing_was_heard", func(t *testing.T) {
		k := letIn(t, time.Time{})
		k.s.Said(start.Add(20 * s))
		k.expect(k.after(25*s), "say ping")
		k.expect(k.after(34 * s))
	})
	t.Run("none_while_both_talk", func(t *testing.T) {
		k := letIn(t, time.Time{})
		for at := s; at < 5*time.Minute; at += 20 * s {
			k.expect(k.after(at))
			k.s.Said(k.now)
			k.s.Heard(k.now)
		}
	})
	t.Run("the_end_after_ping_and_grace", func(t *testing.T) {
		k := letIn(t, time.Time{})
		k.expect(k.after(25*s), "say ping")
		k.expect(k.after(35*s - 1))
		k.expect(k.after(35*s), "end ping_timeout")
		k.expect(k.say(`{"type":"ping"}`))
	})
	t.Run("a_message_is_a_sign_of_life", func(t *testing.T) {
		k := letIn(t, time.Time{})
		k.now = start.Add(24 * s)
		k.say(`{"type":"pong"}`)
		k.s.Said(k.now)
		k.expect(k.after(35 * s))
		k.expect(k.after(49*s), "say ping")
		k.expect(k.after(59*s), "end ping_timeout")
	})
}

func TestAuth_AUTH_4(t *testing.T) {
	const s = time.Second
	expiry := start.Add(20 * s)
	fresh := auth.Identity{Sub: "alice", Name: "Alice", Expires: start.Add(time.Hour)}
	mine := fmt.Sprintf("of %s run 3 as alice", aliceID)
	paused := func(t *testing.T) *talk {
		k := letIn(t, expiry)
		k.expect(k.after(20*s - 1))
		k.expect(k.after(20*s), "pause", "say error 0 token_expired")
		k.expect(k.after(21 * s))
		return k
	}
	refusesAll := func(k *talk) {
		k.t.Helper()
		k.expect(k.say(`{"type":"subscribe","id":1,"topic":"a"}`), "say error 1 token_expired")
		k.expect(k.say(`{"type":"history","id":2,"topic":"a"}`), "say error 2 token_expired")
		k.expect(k.say(`{"type":"publish","topic":"a","seq":1,"data":1}`), "publish a 1 "+mine+" token_expired")
		k.expect(k.say(`{"type":"unsubscribe","id":3,"topic":"a"}`), "unsubscribe 3 a")
		k.expect(k.say(`{"type":"ping"}`), "say pong")
	}
	t.Run("refuses_commands", func(t *testing.T) { refusesAll(paused(t)) })
	t.Run("refuses_commands_before_the_tick", func(t *testing.T) {
		k := letIn(t, expiry)
		k.now = expiry
		refusesAll(k)
	})
	t.Run("goes_on_with_a_fresh_token", func(t *testing.T) {
		k := paused(t)
		k.expect(k.say(`{"type":"auth","id":7,"token":"t2"}`), fmt.Sprintf("authenticate %q %q", "t2", secret))
		k.expect(show(k.s.Authenticated(k.now, fresh, nil)), "say authenticated 7 alice", "review alice")
		k.expect(k.say(`{"type":"subscribe","id":1,"topic":"a"}`), "subscribe 1 a as alice")
	})
	t.Run("before_the_old_one_ends_as_well", func(t *testing.T) {
		k := letIn(t, expiry)
		k.say(`{"type":"auth","id":7,"token":"t2"}`)
		k.expect(show(k.s.Authenticated(k.now, fresh, nil)), "say authenticated 7 alice", "review alice")
		k.s.Heard(start.Add(21 * s))
		k.s.Said(start.Add(21 * s))
		k.expect(k.after(21 * s))
	})
	for _, c := range []struct {
		name string
		id   auth.Identity
		err  error
		want string
	}{
		{"not_with_another_sub", auth.Identity{Sub: "bob"}, nil, "say error 7 bad_token"},
		{"not_with_one_that_has_ended", auth.Identity{Sub: "alice", Expires: start}, nil, "say error 7 token_expired"},
		{"not_with_a_bad_one", auth.Identity{}, protocol.Errorf(protocol.BadToken, ""), "say error 7 bad_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := paused(t)
			k.say(`{"type":"auth","id":7,"token":"t2"}`)
			k.expect(show(k.s.Authenticated(k.now, c.id, c.err)), c.want)
			refusesAll(k)
			k.s.Heard(start.Add(49 * s))
			k.s.Said(start.Add(49 * s))
			k.expect(k.after(50*s), "end token_expired")
		})
	}
	t.Run("ends_after_30_s", func(t *testing.T) {
		k := paused(t)
		k.s.Heard(start.Add(49 * s))
		k.s.Said(start.Add(49 * s))
		k.expect(k.after(50*s - 1))
		k.expect(k.after(50*s), "end token_expired")
	})
}

// Whoever ticks a session at its deadlines alone misses nothing: what a tick
// at every moment brings, those bring too, and a session always has something
// ahead until it has ended.
func TestDeadline_is_when_something_happens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expires := time.Time{}
		if rapid.Bool().Draw(t, "expires") {
			expires = start.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "expiry")) * time.Second)
		}
		often, seldom := begin(expires), begin(expires)
		signs := rapid.SliceOfN(rapid.IntRange(0, 1200), 0, 40).Draw(t, "signs")
		var a, b []string
		for tenth := range 1500 {
			now := start.Add(time.Duration(tenth) * 100 * time.Millisecond)
			for _, s := range []*Session{often, seldom} {
				if slices.Contains(signs, tenth) {
					s.Heard(now)
				}
			}
			a = append(a, stamped(tenth, often.Tick(now))...)
			if !now.Before(seldom.Deadline()) {
				b = append(b, stamped(tenth, seldom.Tick(now))...)
			}
			if seldom.state != finished && !now.Before(seldom.Deadline()) {
				t.Fatalf("at %v the deadline is %v, after the tick", now.Sub(start), seldom.Deadline().Sub(start))
			}
		}
		if !slices.Equal(a, b) {
			t.Fatalf("ticked always: %q\nat deadlines: %q", a, b)
		}
	})
}

func begin(expires time.Time) *Session {
	s := New(&config, "s", TwoWay, start)
	for in := range Parse([]byte(`{"type":"hello"}`), TwoWay, config.Limits) {
		s.Receive(start, in)
	}
	s.Authenticated(start, auth.Identity{Sub: "alice", Expires: expires}, nil)
	s.Claimed(start, nil)
	return s
}

func stamped(tenth int, effects []Effect) []string {
	var all []string
	for _, text := range show(effects) {
		all = append(all, fmt.Sprintf("%d %s", tenth, text))
	}
	return all
}
