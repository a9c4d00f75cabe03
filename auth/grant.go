package auth

import (
	"slices"
	"strings"

	"github.com/tuttisync/tutti/protocol"
)

// Grant gives verbs on the topics that a pattern matches.
//
// A pattern is a topic's exact name. If its last character is *, it matches
// every name that begins with what stands before; {sub} anywhere in it stands
// for the identity's own sub, taken literally:
//
//	chat:lobby      that topic
//	chat:*          every topic of the namespace chat
//	inbox:{sub}     the topic inbox:alice, for alice
//	files:{sub}:*   all that begins with files:alice:, for alice
//	*               every topic but the users' own (see [Policy.Allow])
//
// Where subs may hold a colon, let a pattern with {sub} not go on with a colon
// and *: files:{sub}:* of a user "a" covers files:a:b:x, which the same
// pattern gives to a user "a:b".
type Grant struct {
	Topics string `json:"topics"`
	Verbs  []Verb `json:"verbs"`
}

// FullRights returns the grant of every verb on every topic.
func FullRights() []Grant { return []Grant{{Topics: "*", Verbs: Verbs()}} }

const subMark = "{sub}"

// check returns what is wrong with the grant, or "". The text quotes nothing
// of the grant.
func (g Grant) check() string {
	switch {
	case g.Topics == "":
		return "topics is empty"
	case protocol.CheckTopic(g.Topics) != nil:
		return "topics is longer than a topic name, not UTF-8 or holds a control character"
	case strings.Contains(g.Topics[:len(g.Topics)-1], "*"):
		return "topics holds a * that is not its last character"
	case len(g.Verbs) == 0:
		return "verbs is empty"
	}
	for _, v := range g.Verbs {
		if !v.Valid() {
			return "verbs holds a name other than read, publish, edit, presence, history, admin"
		}
	}
	return ""
}

// has says whether the grant gives verb, by name or by admin.
func (g Grant) has(verb Verb) bool {
	return slices.Contains(g.Verbs, verb) || g.admin()
}

func (g Grant) admin() bool { return slices.Contains(g.Verbs, Admin) }

// matches says whether the pattern covers the topic for the user sub. A
// wildcard is told before sub is put in, so a sub of "*" is no wildcard, and
// nothing in a sub is expanded again.
func (g Grant) matches(sub, topic string) bool {
	if topic == AllTopics {
		return g.Topics == "*"
	}
	pattern, wild := strings.CutSuffix(g.Topics, "*")
	for {
		literal, after, marked := strings.Cut(pattern, subMark)
		rest, ok := strings.CutPrefix(topic, literal)
		if !ok {
			return false
		}
		if !marked {
			return wild || rest == ""
		}
		if topic, ok = strings.CutPrefix(rest, sub); !ok || sub == "" {
			return false
		}
		pattern = after
	}
}
