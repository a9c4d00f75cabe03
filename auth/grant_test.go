package auth

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGrantMatches_AUTH1(t *testing.T) {
	for _, c := range []struct {
		pattern, sub, topic string
		want                bool
	}{
		{"chat:lobby", "a", "chat:lobby", true},
		{"chat:lobby", "a", "chat:lobby2", false},
		{"chat:*", "a", "chat:", true},
		{"*", "a", AllTopics, true},
		{"", "a", AllTopics, false},
		{"chat:*", "a", "chat:x:y", true},
		{"chat:*", "a", "chats:x", false},
		{"*", "a", "anything", true},
		{"inbox:{sub}", "alice", "inbox:alice", true},
		{"inbox:{sub}", "alice", "inbox:alice2", false},
		{"inbox:{sub}", "", "inbox:", false},
		{"inbox:{sub}*", "alice", "inbox:alice2", true},
		{"{sub}:{sub}", "a", "a:a", true},
		{"{sub}:{sub}", "a", "a:b", false},
		{"inbox:{sub}", "*", "inbox:anyone", false},
		{"inbox:{sub}", "*", "inbox:*", true},
		{"inbox:{sub}", "{sub}", "inbox:{sub}", true},
		{"inbox:{sub}", "{sub}", "inbox:inbox", false},
	} {
		if got := (Grant{Topics: c.pattern}).matches(c.sub, c.topic); got != c.want {
			t.Errorf("%q for %q matches %q: %v, want %v", c.pattern, c.sub, c.topic, got, c.want)
		}
	}
}

// matchesNaive says the same by a regular expression.
func matchesNaive(pattern, sub, topic string) bool {
	if topic == AllTopics {
		return pattern == "*"
	}
	if strings.Contains(pattern, subMark) && sub == "" {
		return false
	}
	body, wild := strings.CutSuffix(pattern, "*")
	parts := strings.Split(body, subMark)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	expression := `(?s)\A` + strings.Join(parts, regexp.QuoteMeta(sub))
	if wild {
		expression += ".*"
	}
	return regexp.MustCompile(expression + `\z`).MatchString(topic)
}

func TestGrantMatches_as_the_naive_twin(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "b", ":", "*", subMark, "{", "."})
	text := rapid.Map(rapid.SliceOfN(piece, 0, 5), func(p []string) string { return strings.Join(p, "") })
	rapid.Check(t, func(t *rapid.T) {
		pattern, sub, topic := text.Draw(t, "pattern"), text.Draw(t, "sub"), text.Draw(t, "topic")
		if rapid.Bool().Draw(t, "near") {
			topic = strings.ReplaceAll(strings.TrimSuffix(pattern, "*"), subMark, sub) + topic
		}
		if got, want := (Grant{Topics: pattern}).matches(sub, topic), matchesNaive(pattern, sub, topic); got != want {
			t.Fatalf("%q for %q matches %q: %v, want %v", pattern, sub, topic, got, want)
		}
	})
}

func TestIdentityCheck(t *testing.T) {
	long := strings.Repeat("x", 251)
	for _, c := range []struct {
		name string
		id   Identity
		want string
	}{
		{"anonymous", Identity{}, ""},
		{"plain", Identity{Sub: "alice", Name: "Alice", Grants: FullRights()}, ""},
		{"longest sub", Identity{Sub: long[1:]}, ""},
		{"grants of nobody", Identity{Grants: FullRights()}, "sub is missing"},
		{"long sub", Identity{Sub: long}, "sub is longer than 250 bytes, not UTF-8 or holds a control character"},
		{"control in sub", Identity{Sub: "a\nb"}, "sub is longer than 250 bytes, not UTF-8 or holds a control character"},
		{"long name", Identity{Sub: "a", Name: long}, "name is longer than 128 bytes, not UTF-8 or holds a control character"},
		{"name not UTF-8", Identity{Sub: "a", Name: "\xff"}, "name is longer than 128 bytes, not UTF-8 or holds a control character"},
		{"no pattern", Identity{Sub: "a", Grants: []Grant{{Verbs: verbs}}}, "grants[0].topics is empty"},
		{"long pattern", Identity{Sub: "a", Grants: []Grant{{Topics: long + "xxxxx", Verbs: verbs}}}, "grants[0].topics is longer than a topic name, not UTF-8 or holds a control character"},
		{"inner wildcard", Identity{Sub: "a", Grants: []Grant{{Topics: "a:*:b", Verbs: verbs}}}, "grants[0].topics holds a * that is not its last character"},
		{"no verbs", Identity{Sub: "a", Grants: []Grant{FullRights()[0], {Topics: "a"}}}, "grants[1].verbs is empty"},
		{"unknown verb", Identity{Sub: "a", Grants: []Grant{{Topics: "a", Verbs: []Verb{Read, "reed"}}}}, "grants[0].verbs holds a name other than read, publish, edit, presence, history, admin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := c.id.Check(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
