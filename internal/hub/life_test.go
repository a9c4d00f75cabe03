package hub

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

// A connection that says no hello, or falls silent, ends in time; one whose
// transport still gives signs of life is asked, and stays.
func TestLife(t *testing.T) {
	t.Run("HELLO-1/hello_timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			began := time.Now()
			l := n.open()
			m, code := l.end()
			if m.code() != protocol.HelloTimeout || code != 4004 {
				t.Errorf("got %+v, %d", m, code)
			}
			if waited := time.Since(began); waited < 10*time.Second || waited > 10*time.Second+2*wheelTick {
				t.Errorf("it took %v", waited)
			}
		})
	})
	t.Run("LIVE-1/ping_timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.reader()
			began := time.Now()
			l.expect("ping")
			if waited := time.Since(began); waited > 25*time.Second+2*wheelTick {
				t.Errorf("the ping came after %v", waited)
			}
			m, code := l.end()
			if m.code() != protocol.PingTimeout || code != 4005 {
				t.Errorf("got %+v, %d", m, code)
			}
			if waited := time.Since(began); waited < 35*time.Second || waited > 35*time.Second+2*wheelTick {
				t.Errorf("it took %v", waited)
			}
		})
	})
	t.Run("LIVE-1/pongs_of_the_transport_count", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.reader()
			for range 10 {
				l.expect("ping")
				l.in.Add(2)
			}
			l.quiet()
		})
	})
	t.Run("LIVE-1/no_ping_while_other_things_are_said", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.reader()
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			l.expect("subscribed")
			for o := uint64(1); o <= 20; o++ {
				n.pass(20 * time.Second)
				l.in.Add(1)
				n.tell("a", fmt.Sprint(o))
				l.entries("a", o, o)
			}
		})
	})
	t.Run("LIVE-1/a_wake_for_nothing_says_nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.reader()
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			l.expect("subscribed")
			began := time.Now()
			n.pass(20 * time.Second)
			l.say(`{"type":"pong"}`)
			l.conn.queue(l.conn.wake(l.conn.topics["a"]) != nil)
			l.expect("ping")
			if waited := time.Since(began); waited > 25*time.Second+2*wheelTick {
				t.Errorf("nothing was said for %v", waited)
			}
		})
	})
	t.Run("LIVE-1/a_stalled_peer_is_pinged_once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			l := n.reader()
			l.stall()
			n.pass(34 * time.Second)
			l.conn.mu.Lock()
			waiting := len(l.conn.replies)
			l.conn.mu.Unlock()
			if waiting > 0 {
				t.Errorf("%d bytes wait behind the ping that stalls", waiting)
			}
			l.release()
			l.expect("ping")
			l.quiet()
		})
	})
}

// tokens identifies by the token's text: a sub, and a time to live.
func tokens(began time.Time) func(string, protocol.Secret) (auth.Identity, error) {
	return func(token string, _ protocol.Secret) (auth.Identity, error) {
		var id auth.Identity
		var ttl int
		if _, err := fmt.Sscanf(token, "%s %d", &id.Sub, &ttl); err != nil {
			return id, protocol.Errorf(protocol.BadToken, "")
		}
		id.Grants = []auth.Grant{{Topics: "a", Verbs: auth.Verbs()}}
		if id.Sub == "alice" && ttl == 120 {
			id.Grants = append(id.Grants, auth.Grant{Topics: "b", Verbs: auth.Verbs()})
		}
		id.Expires = began.Add(time.Duration(ttl) * time.Second)
		return id, nil
	}
}

func TestAuth_AUTH_4(t *testing.T) {
	begin := func(t *testing.T) (*node, *line) {
		n := newNode(t, func(c *Config) { c.Identify = tokens(time.Now()) })
		l := n.open()
		l.say(fmt.Sprintf(`{"type":"hello","token":"alice 120","clients":[{"secret":%q,"run":1}],"topics":[{"topic":"a"},{"topic":"b"}]}`, newSecret(t)))
		l.expect("welcome")
		l.expect("subscribed")
		l.expect("subscribed")
		n.tell("a", `1`)
		l.entries("a", 1, 1)
		for l.next().Type != "error" {
			l.in.Add(1)
		}
		if m := l.peer.said[l.read-1]; m.ID != 0 || m.code() != protocol.TokenExpired {
			t.Fatalf("got %+v", m)
		}
		n.tell("a", `2`)
		n.tell("b", `1`)
		for command, answer := range map[string]string{
			`{"type":"subscribe","id":5,"topic":"a"}`:             "error",
			`{"type":"history","id":5,"topic":"a"}`:               "error",
			`{"type":"publish","topic":"a","seq":1,"data":"old"}`: "refused",
		} {
			l.say(command)
			if m := l.expect(answer); m.code() != protocol.TokenExpired {
				t.Errorf("%s: %+v", command, m)
			}
		}
		l.quiet()
		return n, l
	}
	t.Run("AUTH-4/goes_on_without_loss", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, l := begin(t)
			n.pass(20 * time.Second)
			l.say(`{"type":"auth","id":9,"token":"alice 500"}`)
			if m := l.expect("authenticated"); m.ID != 9 {
				t.Errorf("got %+v", m)
			}
			if m := l.expect("unsubscribed"); m.Topic != "b" || m.code() != protocol.Forbidden {
				t.Errorf("the subscription without a right ended with %+v", m)
			}
			l.entries("a", 2, 2)
			n.tell("a", `3`)
			l.entries("a", 3, 3)
			n.tell("b", `2`)
			l.quiet()
			l.say(`{"type":"publish","topic":"a","seq":1,"data":4}`)
			if kinds := l.next().Type + " " + l.next().Type; kinds != "ack entry" && kinds != "entry ack" {
				t.Errorf("got %s", kinds)
			}
		})
	})
	t.Run("AUTH-4/ends_after_30_s", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, l := begin(t)
			began := time.Now()
			for l.next().Type != "close" {
				l.in.Add(1)
			}
			if m, code := l.end(); m.code() != protocol.TokenExpired || code != 4100 {
				t.Errorf("got %+v, %d", m, code)
			}
			if waited := time.Since(began); waited < 29*time.Second || waited > 31*time.Second {
				t.Errorf("it took %v", waited)
			}
		})
	})
	t.Run("AUTH-4/not_with_another_sub_or_an_old_token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, l := begin(t)
			for token, want := range map[string]protocol.Code{
				"bob 500": protocol.BadToken, "alice 1": protocol.TokenExpired, "rubbish": protocol.BadToken,
			} {
				l.say(fmt.Sprintf(`{"type":"auth","id":9,"token":%q}`, token))
				if m := l.expect("error"); m.ID != 9 || m.code() != want {
					t.Errorf("%s: %+v", token, m)
				}
			}
			l.quiet()
		})
	})
}
