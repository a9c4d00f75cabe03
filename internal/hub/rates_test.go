package hub

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

func commands(n int) func(*Config) {
	return func(c *Config) { c.Session.Commands = n }
}

// limited fails unless a limit was counted n times.
func (n *node) limited(l protocol.Limit, times int) {
	n.t.Helper()
	w := httptest.NewRecorder()
	n.config.Metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(w.Body)
	must(n.t, err)
	if line := fmt.Sprintf("tutti_limited_total{limit=%q} %d\n", l, times); !strings.Contains(string(body), line) {
		n.t.Errorf("%s was not counted %d times", l, times)
	}
}

func publish(topic string, seq int) string {
	return fmt.Sprintf(`{"type":"publish","topic":%q,"seq":%d,"data":%d}`, topic, seq, seq)
}

func TestLimits_are_counted(t *testing.T) {
	t.Run("LIMIT-1/topics", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.Session.Limits.Topics = 1 })
		l := n.reader()
		l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
		l.expect("subscribed")
		l.say(`{"type":"subscribe","id":2,"topic":"b"}`)
		if m := l.expect("error"); m.code() != protocol.LimitExceeded {
			t.Errorf("got %+v", m)
		}
		n.limited(protocol.TopicsLimit, 1)
	})
	t.Run("LIMIT-1/of_an_entry", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.Session.Limits.Members, c.Session.Limits.Voids = 2, 1 })
		l := n.connect(newSecret(t), 1)
		l.say(`{"type":"publish","topic":"a","seq":1,"data":[1,2,3]}`)
		if m := l.expect("rejected"); m.code() != protocol.LimitExceeded {
			t.Errorf("got %+v", m)
		}
		l.say(`{"type":"publish","topic":"a","seq":9,"voids":[[1,1],[3,3]],"data":1}`)
		if m := l.expect("rejected"); m.code() != protocol.LimitExceeded {
			t.Errorf("got %+v", m)
		}
		n.limited(protocol.MembersLimit, 1)
		n.limited(protocol.VoidsLimit, 1)
	})
	t.Run("LIMIT-1/of_hello_and_pages", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.Session.Limits.Clients, c.Session.Limits.Page = 1, 1 })
		l := n.reader()
		l.say(`{"type":"history","id":1,"topic":"a","limit":2}`)
		if m := l.expect("error"); m.code() != protocol.LimitExceeded {
			t.Errorf("got %+v", m)
		}
		l = n.open()
		l.say(fmt.Sprintf(`{"type":"hello","clients":[{"secret":%q,"run":1},{"secret":%q,"run":1}]}`, newSecret(t), newSecret(t)))
		if m, code := l.end(); m.code() != protocol.LimitExceeded || code != 4208 {
			t.Errorf("got %+v, %d", m, code)
		}
		n.limited(protocol.PageLimit, 1)
		n.limited(protocol.ClientsLimit, 1)
	})
	t.Run("LIMIT-2/hello_timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t)
			if m, _ := n.open().end(); m.code() != protocol.HelloTimeout {
				t.Errorf("got %+v", m)
			}
			n.limited(protocol.HelloTimeoutLimit, 1)
		})
	})
	t.Run("LIMIT-2/connections", func(t *testing.T) {
		n := newNode(t, func(c *Config) { c.MaxConnections = 1 })
		n.reader()
		err := protocol.AsError(n.Admit())
		if err.Code != protocol.Overloaded || err.Limit != protocol.MaxConnectionsLimit || err.RetryAfter <= 0 {
			t.Errorf("got %+v", err)
		}
	})
}

func TestRate(t *testing.T) {
	t.Run("LIMIT-7/PUB-6_refused_and_taken_later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, commands(1))
			l := n.connect(newSecret(t), 1)
			for seq := range 5 {
				l.say(publish("a", seq+1))
				l.expect("ack")
			}
			l.say(publish("a", 6))
			m := l.expect("refused")
			if m.code() != protocol.RateLimited || m.Seq != 6 || m.Error.RetryAfter <= 0 {
				t.Fatalf("got %+v", m)
			}
			l.say(`{"type":"subscribe","id":1,"topic":"a"}`)
			if m := l.expect("error"); m.ID != 1 || m.code() != protocol.RateLimited {
				t.Errorf("got %+v", m)
			}
			n.limited(protocol.CommandsLimit, 2)
			n.pass(time.Duration(m.Error.RetryAfter) * time.Millisecond)
			l.say(publish("a", 6))
			if m := l.expect("ack"); m.Offset != 6 {
				t.Errorf("got %+v", m)
			}
		})
	})
	t.Run("LIMIT-7/PUB-2_repeats_and_rights_go_before_it", func(t *testing.T) {
		n := newNode(t, commands(1), func(c *Config) {
			c.Identify = func(string, protocol.Secret) (auth.Identity, error) {
				return auth.Identity{Sub: "alice", Grants: []auth.Grant{{Topics: "a", Verbs: auth.Verbs()}}}, nil
			}
		})
		l := n.connect(newSecret(t), 1)
		for seq := range 5 {
			l.say(publish("a", seq+1))
			l.expect("ack")
		}
		l.say(publish("a", 3))
		if m := l.expect("ack"); m.Offset != 3 {
			t.Errorf("the repeat is answered by %+v", m)
		}
		l.say(publish("b", 1))
		if m := l.expect("rejected"); m.code() != protocol.Forbidden {
			t.Errorf("without a right: %+v", m)
		}
		l.say(publish("a", 6))
		if m := l.expect("refused"); m.code() != protocol.RateLimited {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("LIMIT-7/FRAME-3_in_order_and_before_hooks", func(t *testing.T) {
		asked, open := 0, make(chan struct{})
		n := newNode(t, commands(1), onPublish(func(context.Context, auth.Identity, *Message) error {
			asked++
			<-open
			return nil
		}))
		l := n.connect(newSecret(t), 1)
		for seq := range 7 {
			l.say(publish("a", seq+1))
		}
		close(open)
		for seq := range 7 {
			want := "ack"
			if seq >= 5 {
				want = "refused"
			}
			if m := l.expect(want); m.Seq != uint64(seq+1) {
				t.Errorf("got %+v", m)
			}
		}
		if asked != 5 {
			t.Errorf("the hook was asked %d times", asked)
		}
	})
	t.Run("LIMIT-10/who_floods_is_read_no_faster", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, commands(10))
			flooding, calm := n.connect(newSecret(t), 1), n.reader()
			began := time.Now()
			frame := "[" + strings.TrimSuffix(strings.Repeat(`{"type":"subscribe","id":1,"topic":"a"},`, 300), ",") + "]"
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				flooding.say(frame)
			}()
			synctest.Wait()
			calm.quiet()
			if waited := time.Since(began); waited > 0 {
				t.Errorf("the others wait %v", waited)
			}
			<-ended
			if waited := time.Since(began); waited < 9*time.Second || waited > 12*time.Second {
				t.Errorf("it is read in %v", waited)
			}
			served := 0
			for range 300 {
				if flooding.next().Type == "subscribed" {
					served++
				}
			}
			if served < 140 || served > 170 {
				t.Errorf("%d are served", served)
			}
		})
	})
}
