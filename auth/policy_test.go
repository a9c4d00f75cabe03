package auth_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/protocol"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func grants(topics string, verbs ...auth.Verb) []auth.Grant {
	return []auth.Grant{{Topics: topics, Verbs: verbs}}
}

func codeOf(t rapid.TB, err error) protocol.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *protocol.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is not a coded error: %v", err, err)
	}
	return e.Code
}

func TestAllow(t *testing.T) {
	policy, err := auth.NewPolicy(auth.PolicyConfig{Namespaces: map[string][]auth.Verb{
		"default": {auth.Read},
		"chat":    nil,
		"stocks":  {auth.Read, auth.History},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var (
		nobody = auth.Identity{}
		alice  = auth.Identity{Sub: "alice"}
		reader = auth.Identity{Sub: "bob", Grants: grants("chat:*", auth.Read)}
		writer = auth.Identity{Sub: "svc", Grants: grants("*", auth.Publish, auth.Read, auth.History, auth.Presence, auth.Edit)}
		pusher = auth.Identity{Sub: "svc", Grants: grants("user:*", auth.Publish)}
		self   = auth.Identity{Sub: "alice", Grants: grants("user:{sub}", auth.Publish)}
		root   = auth.Identity{Sub: "root", Grants: auth.FullRights()}
		admin  = auth.Identity{Sub: "mod", Grants: grants("chat:*", auth.Admin)}
		unsub  = auth.Identity{Grants: grants("chat:*", auth.Read)}
		past   = auth.Identity{Sub: "bob", Grants: auth.FullRights(), Expires: now}
		soon   = auth.Identity{Sub: "bob", Grants: auth.FullRights(), Expires: now.Add(1)}
	)
	const ok = protocol.Code("")
	for _, c := range []struct {
		name  string
		id    auth.Identity
		verb  auth.Verb
		topic string
		want  protocol.Code
	}{
		{"TOPIC-2 a namespace that does not exist", root, auth.Read, "nope:a", protocol.UnknownNamespace},
		{"TOPIC-2 a name without a colon is of default", root, auth.Read, "lobby", ok},
		{"AUTH-2 an unknown namespace is told before expiry", past, auth.Read, "nope:a", protocol.UnknownNamespace},
		{"AUTH-2 rights end at the instant of expiry", past, auth.Read, "chat:a", protocol.TokenExpired},
		{"AUTH-2 and last up to it", soon, auth.Read, "chat:a", ok},
		{"AUTH-2 expiry ends what is open to all too", past, auth.Read, "stocks:a", protocol.TokenExpired},

		{"AUTH-2 an anonymous visitor in a closed namespace", nobody, auth.Read, "chat:a", protocol.Unauthenticated},
		{"AUTH-3 an anonymous visitor where it is open", nobody, auth.Read, "stocks:a", ok},
		{"AUTH-3 open for reading only", nobody, auth.Publish, "stocks:a", protocol.Unauthenticated},
		{"AUTH-3 open to all means users as well", alice, auth.History, "stocks:a", ok},
		{"AUTH-2 a user has no right that was not granted", alice, auth.Read, "chat:a", protocol.Forbidden},
		{"AUTH-2 grants without a sub are judged", unsub, auth.Read, "chat:a", ok},
		{"AUTH-2 and their holder is not anonymous", unsub, auth.Publish, "chat:a", protocol.Forbidden},

		{"AUTH-2 the granted verb", reader, auth.Read, "chat:a", ok},
		{"AUTH-2 another verb", reader, auth.Publish, "chat:a", protocol.Forbidden},
		{"AUTH-2 reading live is not reading history", reader, auth.History, "chat:a", protocol.Forbidden},
		{"AUTH-2 admin is every verb", admin, auth.Publish, "chat:a", ok},
		{"AUTH-2 admin where it was granted", admin, auth.Publish, "stocks:a", protocol.Forbidden},
		{"AUTH-2 no verb but admin is admin", writer, auth.Admin, "chat:a", protocol.Forbidden},

		{"AUTH-2 the whole server, admin of all", root, auth.Admin, auth.AllTopics, ok},
		{"AUTH-2 the whole server, admin of some", admin, auth.Admin, auth.AllTopics, protocol.Forbidden},
		{"AUTH-2 the whole server, anonymous", nobody, auth.Read, auth.AllTopics, protocol.Unauthenticated},
		{"AUTH-2 the whole server, expired", past, auth.Admin, auth.AllTopics, protocol.TokenExpired},

		{"TOPIC-3 own topic, read", alice, auth.Read, "user:alice", ok},
		{"TOPIC-3 own topic, history", alice, auth.History, "user:alice", ok},
		{"TOPIC-3 own topic, presence", alice, auth.Presence, "user:alice", ok},
		{"TOPIC-3 own topic, publish", alice, auth.Publish, "user:alice", protocol.Forbidden},
		{"TOPIC-3 own topic, publish granted", self, auth.Publish, "user:alice", ok},
		{"TOPIC-3 granted for oneself only", self, auth.Publish, "user:alicia", protocol.Forbidden},
		{"TOPIC-3 another's topic", alice, auth.Read, "user:bob", protocol.Forbidden},
		{"TOPIC-3 another's topic with the same beginning", alice, auth.Read, "user:alice2", protocol.Forbidden},
		{"TOPIC-3 anonymous on a user's topic", nobody, auth.Read, "user:alice", protocol.Unauthenticated},
		{"TOPIC-3 anonymous has no topic of its own", nobody, auth.Read, "user:", protocol.Unauthenticated},
		{"TOPIC-3 a wide grant does not read a user's topic", writer, auth.Read, "user:alice", protocol.Forbidden},
		{"TOPIC-3 nor its history", writer, auth.History, "user:alice", protocol.Forbidden},
		{"TOPIC-3 nor its presence", writer, auth.Presence, "user:alice", protocol.Forbidden},
		{"TOPIC-3 nor does it publish there", writer, auth.Publish, "user:alice", protocol.Forbidden},
		{"TOPIC-3 nor edit there", writer, auth.Edit, "user:alice", protocol.Forbidden},
		{"TOPIC-3 a grant that names the namespace does", pusher, auth.Publish, "user:alice", ok},
		{"TOPIC-3 and still does not read", pusher, auth.Read, "user:alice", protocol.Forbidden},
		{"TOPIC-3 admin of all reads a user's topic", root, auth.Read, "user:alice", ok},
		{"TOPIC-3 admin of all publishes there", root, auth.Publish, "user:alice", ok},
		{"TOPIC-3 admin of elsewhere does not", admin, auth.Read, "user:alice", protocol.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := codeOf(t, policy.Allow(c.id, c.verb, c.topic, now)); got != c.want {
				t.Errorf("Allow(%v, %s, %s) = %q, want %q", c.id, c.verb, c.topic, got, c.want)
			}
		})
	}
}

// A read right on a user's topic does not come from a grant that names it.
func TestAllow_TOPIC3_named_in_a_read_grant(t *testing.T) {
	policy, _ := auth.NewPolicy(auth.PolicyConfig{})
	eve := auth.Identity{Sub: "eve", Grants: grants("user:alice", auth.Read, auth.History, auth.Presence)}
	for _, v := range []auth.Verb{auth.Read, auth.History, auth.Presence} {
		if got := codeOf(t, policy.Allow(eve, v, "user:alice", now)); got != protocol.Forbidden {
			t.Errorf("%s: %q, want forbidden", v, got)
		}
	}
}

func TestAllow_any_namespace(t *testing.T) {
	policy, err := auth.NewPolicy(auth.PolicyConfig{AnyNamespace: true, Namespaces: map[string][]auth.Verb{"open": {auth.Read}}})
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]protocol.Code{"open:a": "", "other:a": protocol.Unauthenticated, "lobby": protocol.Unauthenticated} {
		if got := codeOf(t, policy.Allow(auth.Identity{}, auth.Read, topic, now)); got != want {
			t.Errorf("%s: %q, want %q", topic, got, want)
		}
	}
}

func TestAllow_does_not_allocate(t *testing.T) {
	policy, _ := auth.NewPolicy(auth.PolicyConfig{Namespaces: map[string][]auth.Verb{"chat": nil}})
	id := auth.Identity{Sub: "alice", Grants: grants("chat:{sub}:*", auth.Read)}
	if n := testing.AllocsPerRun(100, func() {
		if err := policy.Allow(id, auth.Read, "chat:alice:1", now); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Allow allocates %v times", n)
	}
}

func TestNewPolicy_refuses(t *testing.T) {
	for _, c := range []struct {
		name string
		open map[string][]auth.Verb
		want string
	}{
		{"no name", map[string][]auth.Verb{"": nil}, `auth: "" is not the name of a namespace`},
		{"a colon", map[string][]auth.Verb{"a:b": nil}, `auth: "a:b" is not the name of a namespace`},
		{"an unknown verb", map[string][]auth.Verb{"a": {"reed"}}, `auth: the verb "reed" cannot be open to all in the namespace a`},
		{"admin for all", map[string][]auth.Verb{"a": {auth.Admin}}, `auth: the verb "admin" cannot be open to all in the namespace a`},
		{"users' topics for all", map[string][]auth.Verb{"user": {auth.Read}}, `auth: the verb "read" cannot be open to all in the namespace user`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := auth.NewPolicy(auth.PolicyConfig{Namespaces: c.open}); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
