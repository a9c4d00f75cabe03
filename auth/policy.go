package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tuttisync/tutti/protocol"
)

// AllTopics stands, as the topic asked about in [Policy.Allow], for the server
// as a whole. It is no topic's name. Only a grant with the pattern * covers it.
const AllTopics = ""

// UserNamespace holds each user's own topic, user:{sub}. It always exists.
const UserNamespace = "user"

const userPrefix = UserNamespace + ":"

// PolicyConfig says which namespaces exist, and what is open to all.
type PolicyConfig struct {
	// Namespaces that exist, each with the verbs that everybody has on its
	// topics, with a token or without. Neither admin nor anything in the
	// namespace user can be open. The namespace user need not be named.
	Namespaces map[string][]Verb
	// AnyNamespace lets every other namespace exist too, open to nobody.
	AnyNamespace bool
}

// Policy judges rights. It does not change once made.
type Policy struct {
	open map[string][]Verb
	any  bool
}

// NewPolicy makes a policy. It keeps nothing of cfg.
func NewPolicy(cfg PolicyConfig) (*Policy, error) {
	p := &Policy{open: map[string][]Verb{UserNamespace: nil}, any: cfg.AnyNamespace}
	for _, name := range slices.Sorted(maps.Keys(cfg.Namespaces)) {
		open := cfg.Namespaces[name]
		if name == "" || strings.Contains(name, ":") || protocol.CheckTopic(name) != nil {
			return nil, fmt.Errorf("auth: %q is not the name of a namespace", name)
		}
		for _, v := range open {
			if !v.Valid() || v == Admin || name == UserNamespace {
				return nil, fmt.Errorf("auth: the verb %q cannot be open to all in the namespace %s", v, name)
			}
		}
		p.open[name] = slices.Clone(open)
	}
	return p, nil
}

// Allow returns nil if id may do verb on topic at the time now. Otherwise it
// returns the first of
//
//   - unknown_namespace: the topic's namespace does not exist,
//   - token_expired: id.Expires has come,
//   - unauthenticated: id is anonymous and the namespace is not open for verb,
//   - forbidden: no grant gives verb on topic.
//
// What is open to all is open to every identity that has not expired. A grant
// of admin gives every verb.
//
// A topic user:{sub} is that user's own. They may read it, its history and its
// presence without any grant, and nobody else may, whatever they were granted,
// short of admin. To write to it takes a grant whose pattern names the
// namespace (user:alice, user:{sub}, user:*): a general "publish anywhere" is
// no right to write to everybody's inbox.
//
// The topic is a valid name or [AllTopics]. Allow allocates only to refuse.
func (p *Policy) Allow(id Identity, verb Verb, topic string, now time.Time) error {
	namespace := protocol.Namespace(topic)
	open, exists := p.open[namespace]
	if topic == AllTopics {
		open, exists = nil, true
	}
	switch {
	case !exists && !p.any:
		return protocol.Errorf(protocol.UnknownNamespace, "The namespace %q is not configured.", namespace)
	case !id.Expires.IsZero() && !now.Before(id.Expires):
		return protocol.Errorf(protocol.TokenExpired, "")
	case slices.Contains(open, verb), id.granted(verb, topic):
		return nil
	case id.Anonymous():
		return protocol.Errorf(protocol.Unauthenticated, "A token is needed to %s.", verb.phrase())
	}
	return protocol.Errorf(protocol.Forbidden, "The identity has no right to %s.", verb.phrase())
}

// granted says whether the identity's own rights cover verb on topic.
func (id Identity) granted(verb Verb, topic string) bool {
	owner, own := strings.CutPrefix(topic, userPrefix)
	reading := verb == Read || verb == History || verb == Presence
	if own && reading && id.Sub != "" && id.Sub == owner {
		return true
	}
	for _, g := range id.Grants {
		if !g.has(verb) || !g.matches(id.Sub, topic) {
			continue
		}
		if !own || g.admin() || (!reading && strings.HasPrefix(g.Topics, userPrefix)) {
			return true
		}
	}
	return false
}
