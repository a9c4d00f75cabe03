package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

func onPublish(hook func(ctx context.Context, id auth.Identity, m *Message) error) func(*Config) {
	return func(c *Config) { c.Hooks.Publish = hook }
}

func TestHook_HOOK_1_publish(t *testing.T) {
	for _, c := range []struct {
		name string
		hook func(ctx context.Context, id auth.Identity, m *Message) error
		want string // of the answer: its type, its code, what its error says
		data string // of the entry
	}{
		{"lets_pass", func(context.Context, auth.Identity, *Message) error { return nil }, "ack", `"in"`},
		{"replaces", func(_ context.Context, id auth.Identity, m *Message) error {
			m.Data = fmt.Appendf(nil, `{"by":%q,"said":%s}`, id.Name, m.Data)
			return nil
		}, "ack", `{"by":"Alice","said":"in"}`},
		{"rejects_with_words", func(context.Context, auth.Identity, *Message) error {
			return fmt.Errorf("judge: %w", protocol.Errorf(protocol.Rejected, "Not today."))
		}, "rejected rejected Not today.", ""},
		{"rejects_without_words", func(context.Context, auth.Identity, *Message) error {
			return errors.New("the database password is 12345")
		}, "rejected rejected The application rejected it.", ""},
		{"rejects_with_words_that_are_no_text", func(context.Context, auth.Identity, *Message) error {
			return protocol.Errorf(protocol.Rejected, "caf\xe9")
		}, "rejected rejected caf\ufffd", ""},
		{"refuses", func(context.Context, auth.Identity, *Message) error {
			return protocol.Errorf(protocol.RateLimited, "Slowly.")
		}, "refused rate_limited Slowly.", ""},
		{"a_code_that_is_never_on_the_wire", func(context.Context, auth.Identity, *Message) error {
			return protocol.Errorf(protocol.Aborted, "")
		}, "rejected rejected The application rejected it.", ""},
		{"panics", func(context.Context, auth.Identity, *Message) error { panic("oh") }, "rejected hook_failed", ""},
		{"makes_a_bad_name", func(_ context.Context, _ auth.Identity, m *Message) error {
			m.Name = "tutti:reset"
			return nil
		}, "rejected hook_failed", ""},
		{"makes_bad_data", func(_ context.Context, _ auth.Identity, m *Message) error {
			m.Data = []byte(`{"a":1,"a":2}`)
			return nil
		}, "rejected hook_failed", ""},
		{"hangs", func(ctx context.Context, _ auth.Identity, m *Message) error {
			<-ctx.Done()
			return ctx.Err()
		}, "refused hook_timeout", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode(t, onPublish(c.hook))
				l := n.connect(newSecret(t), 1)
				l.say(`{"type":"publish","topic":"a","seq":1,"data":"in"}`)
				m := l.next()
				got := m.Type
				if m.Error != nil {
					got = fmt.Sprintf("%s %s %s", m.Type, m.Error.Code, m.Error.Message)
				}
				if !strings.HasPrefix(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
				page, err := n.History(context.Background(), everyone, protocol.History{Topic: "a"})
				must(t, err)
				if c.data == "" && len(page.Entries) == 0 {
					return
				}
				if len(page.Entries) != 1 || !strings.HasSuffix(string(page.Entries[0]), `"data":`+c.data+`}`) {
					t.Errorf("the log holds %s", page.Entries)
				}
			})
		})
	}
}

// One client's hook hangs: the others' entries are taken meanwhile, and its own
// are answered in their order, malformed ones among them.
func TestHook_HOOK_1_a_slow_one_delays_its_own_client(t *testing.T) {
	gate := make(chan struct{})
	n := newNode(t, onPublish(func(_ context.Context, _ auth.Identity, m *Message) error {
		if string(m.Data) == `"slow"` {
			<-gate
		}
		return nil
	}))
	slow, quick := n.connect(newSecret(t), 1), n.connect(newSecret(t), 1)
	slow.say(`{"type":"publish","topic":"a","seq":1,"data":"slow"}`)
	slow.say(`{"type":"publish","topic":"a","seq":2,"name":"no name","data":2}`)
	slow.say(`{"type":"publish","topic":"a","seq":3,"voids":[[2,2]],"data":3}`)
	quick.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	if m := quick.expect("ack"); m.Offset != 1 {
		t.Errorf("got %+v", m)
	}
	slow.quiet()
	close(gate)
	if m := slow.expect("ack"); m.Seq != 1 || m.Offset != 2 {
		t.Errorf("got %+v", m)
	}
	if m := slow.expect("rejected"); m.Seq != 2 || m.code() != protocol.BadName {
		t.Errorf("got %+v", m)
	}
	if m := slow.expect("ack"); m.Seq != 3 || m.Offset != 3 {
		t.Errorf("got %+v", m)
	}
}

// A repeat is answered without asking again, on both roads.
func TestHook_HOOK_1_not_asked_about_repeats(t *testing.T) {
	var asked atomic.Int32
	n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error {
		asked.Add(1)
		return nil
	}))
	l := n.connect(newSecret(t), 1)
	for range 3 {
		l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
		if m := l.expect("ack"); m.Offset != 1 {
			t.Fatalf("got %+v", m)
		}
	}
	for range 3 {
		p, err := n.Publish(context.Background(), Publication{Identity: everyone, Topic: "a", Data: []byte(`2`), Key: "k"})
		if err != nil || p.Offset != 2 {
			t.Fatalf("got %v, %v", p, err)
		}
	}
	_, err := n.Publish(context.Background(), Publication{Identity: everyone, Topic: "a", Data: []byte(`3`), Key: "k"})
	if protocol.AsError(err).Code != protocol.IdempotencyConflict {
		t.Errorf("another body: %v", err)
	}
	if asked.Load() != 2 {
		t.Errorf("the hook was asked %d times about 2 entries", asked.Load())
	}
	n.tell("a", `"the program's own"`)
	if asked.Load() != 2 {
		t.Error("the hook was asked about what the program publishes")
	}
}

func TestHook_authorize(t *testing.T) {
	var asked []string
	n := newNode(t, func(c *Config) {
		c.Hooks.Authorize = func(_ context.Context, id auth.Identity, verb auth.Verb, topic string) error {
			asked = append(asked, fmt.Sprintf("%s %s %q", id.Sub, verb, topic))
			switch topic {
			case "panics":
				panic("oh")
			case "refused":
				return errors.New("a secret reason")
			case "told":
				return protocol.Errorf(protocol.RateLimited, "Later.")
			}
			return nil
		}
	})
	ctx := context.Background()
	for topic, want := range map[string]protocol.Code{
		"panics": protocol.HookFailed, "refused": protocol.Forbidden, "told": protocol.RateLimited,
	} {
		asked = nil
		_, readErr := n.Open(ctx, StreamConfig{Identity: everyone, Topics: []protocol.Subscribe{{Topic: topic}}})
		_, historyErr := n.History(ctx, everyone, protocol.History{Topic: topic})
		_, publishErr := n.Publish(ctx, Publication{Identity: everyone, Topic: topic, Data: []byte(`1`)})
		for _, err := range []error{readErr, historyErr, publishErr} {
			if e := protocol.AsError(err); e.Code != want || strings.Contains(e.Message, "secret") {
				t.Errorf("%s: %v, want %s", topic, err, want)
			}
		}
		if len(asked) != 3 {
			t.Errorf("%s: asked about %q", topic, asked)
		}
	}
	asked = nil
	if _, err := n.Topics(ctx, everyone, "", "", 10); err != nil || len(asked) != 1 || asked[0] != `alice admin ""` {
		t.Errorf("listing: %v, asked about %q", err, asked)
	}
	asked = nil
	if _, err := n.History(ctx, auth.Identity{}, protocol.History{Topic: "a"}); err == nil || len(asked) != 0 {
		t.Errorf("without a grant: %v, asked about %q", err, asked)
	}
}

func TestHook_authenticate(t *testing.T) {
	authenticating := func(c *Config) {
		c.Hooks.Authenticate = func(ctx context.Context, r *http.Request) (auth.Identity, error) {
			switch who := r.Header.Get("Authorization") + r.Header.Get("Cookie"); who {
			case "Bearer alice", "alice":
				return auth.Identity{Sub: "alice", Grants: auth.FullRights()}, nil
			case "Bearer bad":
				return auth.Identity{Sub: "line\nbreak", Grants: auth.FullRights()}, nil
			case "Bearer nobody":
				return auth.Identity{Grants: auth.FullRights()}, nil
			case "Bearer panics":
				panic("oh")
			case "Bearer hangs":
				<-ctx.Done()
				return auth.Identity{}, ctx.Err()
			case "Bearer late":
				return auth.Identity{}, protocol.Errorf(protocol.TokenExpired, "")
			default:
				return auth.Identity{}, errors.New("who is that?")
			}
		}
	}
	for _, c := range []struct {
		name, cookie, token string
		code                protocol.Code
		close               int
	}{
		{"by_token", "", "alice", "", 0},
		{"by_cookie", "alice", "", "", 0},
		{"unknown", "", "eve", protocol.BadToken, 4204},
		{"coded", "", "late", protocol.TokenExpired, 4100},
		{"an_identity_that_is_none", "", "bad", protocol.HookFailed, 4201},
		{"rights_of_nobody", "", "nobody", protocol.HookFailed, 4201},
		{"panics", "", "panics", protocol.HookFailed, 4201},
		{"hangs", "", "hangs", protocol.HookTimeout, 4006},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode(t, authenticating)
				r, err := http.NewRequest("GET", "/v1/ws", nil)
				must(t, err)
				if c.cookie != "" {
					r.Header.Set("Cookie", c.cookie)
				}
				l := n.openWith(r)
				l.say(fmt.Sprintf(`{"type":"hello","token":%q}`, c.token))
				if c.code == "" {
					l.expect("welcome")
				} else if m, code := l.end(); m.Type != "close" || m.code() != c.code || code != c.close {
					t.Errorf("got %+v, close code %d", m, code)
				}
				if r.Header.Get("Authorization") != "" {
					t.Error("the request of the connection was changed")
				}
			})
		})
	}
}

// Hooks that never return are bounded in number, and then refuse.
func TestHook_too_many(t *testing.T) {
	n := newNode(t, onPublish(func(context.Context, auth.Identity, *Message) error { return nil }))
	for range maxHooks {
		n.hooks <- struct{}{}
	}
	l := n.connect(newSecret(t), 1)
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	if m := l.expect("refused"); m.code() != protocol.Overloaded || m.Error.RetryAfter == 0 {
		t.Errorf("got %+v", m)
	}
	<-n.hooks
	l.say(`{"type":"publish","topic":"a","seq":1,"data":1}`)
	l.expect("ack")
}
