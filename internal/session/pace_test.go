package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// paced lets alice in where this many commands and bytes a second are taken.
func paced(t *testing.T, commands, bytes int) *talk {
	t.Helper()
	c := config
	c.Commands, c.Bytes, c.Limits.FrameBytes = commands, bytes, 100
	k := &talk{t: t, s: New(&c, "s1", TwoWay, start), now: start}
	k.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":3}]}`, secret))
	k.s.Authenticated(k.now, alice, nil)
	k.s.Claimed(k.now, nil)
	return k
}

// publish says a publish of so many bytes in all, and returns what it becomes.
func (k *talk) publish(seq, bytes int) Publish {
	k.t.Helper()
	frame := fmt.Sprintf(`{"type":"publish","topic":"a","seq":%d,"data":""}`, seq)
	frame = strings.Replace(frame, `""`, `"`+strings.Repeat("x", max(bytes-len(frame), 0))+`"`, 1)
	for in := range Parse([]byte(frame), TwoWay, config.Limits) {
		effects := k.s.Receive(k.now, in)
		if p, ok := effects[0].(Publish); ok && len(effects) == 1 {
			return p
		}
		k.t.Fatalf("the publish became %q", show(effects))
	}
	panic("unreachable")
}

func (k *talk) limited(err *protocol.Error, limit protocol.Limit) {
	k.t.Helper()
	if err == nil || err.Code != protocol.RateLimited || err.Limit != limit || err.RetryAfter < least.Milliseconds() {
		k.t.Fatalf("got %+v, want rate_limited by %s", err, limit)
	}
}

func TestPace(t *testing.T) {
	t.Run("LIMIT-7/commands_above_the_rate_are_refused", func(t *testing.T) {
		k := paced(t, 2, 0)
		for seq := range 10 {
			if p := k.publish(seq+1, 0); p.Limited != nil || p.Command.Data == nil {
				t.Fatalf("publish %d: %+v", seq+1, p)
			}
		}
		p := k.publish(11, 0)
		k.limited(p.Limited, protocol.CommandsLimit)
		if p.Denied != nil || p.Command.Data != nil || p.Command.Seq != 11 {
			t.Errorf("it became %+v", p)
		}
		k.expect(k.say(`{"type":"subscribe","id":1,"topic":"a"}`), "say error 1 rate_limited")
		k.expect(k.say(`{"type":"history","id":2,"topic":"a"}`), "say error 2 rate_limited")
		k.now = k.now.Add(time.Duration(p.Limited.RetryAfter) * time.Millisecond)
		if p := k.publish(11, 0); p.Limited != nil {
			t.Errorf("after retryAfter: %v", p.Limited)
		}
	})
	t.Run("LIMIT-7/what_asks_for_nothing_is_served", func(t *testing.T) {
		k := paced(t, 1, 0)
		for range 6 {
			k.publish(1, 0)
		}
		k.expect(k.say(`{"type":"ping"}`), "say pong")
		k.expect(k.say(`{"type":"unsubscribe","id":3,"topic":"a"}`), "unsubscribe 3 a")
		k.expect(k.say(`{"type":"auth","id":4,"token":"t"}`), fmt.Sprintf("authenticate %q %q", "t", secret))
		k.expect(k.say(`{"type":"new","id":5}`), "say error 5 unknown_type")
	})
	t.Run("LIMIT-7/an_expired_token_goes_before_it", func(t *testing.T) {
		k := paced(t, 1, 0)
		k.s.identity.Expires = start.Add(time.Hour)
		for range 6 {
			k.publish(1, 0)
		}
		k.now = start.Add(time.Hour)
		for range 5 {
			k.publish(1, 0)
		}
		k.expect(k.say(`{"type":"subscribe","id":1,"topic":"a"}`), "say error 1 token_expired")
		if p := k.publish(1, 0); p.Denied == nil || p.Denied.Code != protocol.TokenExpired {
			t.Errorf("it became %+v", p)
		}
	})
	t.Run("LIMIT-8/bytes_above_the_rate_are_refused", func(t *testing.T) {
		k := paced(t, 0, 100)
		for range 5 {
			if p := k.publish(1, 100); p.Limited != nil {
				t.Fatal(p.Limited)
			}
		}
		p := k.publish(1, 100)
		k.limited(p.Limited, protocol.BytesLimit)
		if p.Limited.RetryAfter != 1000 {
			t.Errorf("retryAfter is %d ms", p.Limited.RetryAfter)
		}
		k.now = k.now.Add(time.Second)
		if p := k.publish(1, 100); p.Limited != nil {
			t.Error(p.Limited)
		}
	})
	t.Run("LIMIT-10/who_floods_is_not_read", func(t *testing.T) {
		k := paced(t, 2, 0)
		for i := range 20 {
			k.publish(1, 0)
			if k.s.Slow(k.now) {
				t.Fatalf("reading pauses after %d", i+1)
			}
		}
		k.limited(k.publish(1, 0).Limited, protocol.CommandsLimit)
		if !k.s.Slow(k.now) {
			t.Fatal("reading does not pause")
		}
		until := k.now.Add(500 * time.Millisecond)
		if d := k.s.Deadline(); !d.Equal(until) {
			t.Errorf("the deadline is %v", d)
		}
		k.now = until
		k.expect(show(k.s.Tick(k.now)))
		if k.s.Slow(k.now) || k.s.Deadline().Before(k.now.Add(time.Second)) {
			t.Errorf("the pause does not end; the deadline is %v", k.s.Deadline())
		}
	})
	t.Run("LIMIT-10/whom_nobody_reads_is_not_silent", func(t *testing.T) {
		k := paced(t, 0, 1)
		for range 4 {
			k.publish(1, 100)
		}
		if !k.s.Slow(k.now.Add(99 * time.Second)) {
			t.Fatal("the pause is too short")
		}
		k.now = k.now.Add(60 * time.Second)
		for _, said := range show(k.s.Tick(k.now)) {
			if said != "say ping" {
				t.Errorf("got %s", said)
			}
		}
	})
	t.Run("LIMIT-7/no_rate_is_no_bound", func(t *testing.T) {
		k := paced(t, 0, 0)
		for range 100_000 {
			if p := k.publish(1, 0); p.Limited != nil {
				t.Fatal(p.Limited)
			}
		}
	})
}
