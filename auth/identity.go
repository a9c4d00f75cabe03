package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tuttisync/tutti/protocol"
)

// MaxNameBytes bounds an identity's display name, since each entry that it
// publishes carries it.
const MaxNameBytes = 128

// Identity is who acts, and what they may do. The zero Identity is an
// anonymous visitor. It is a value: nobody changes its Grants after it was
// made.
type Identity struct {
	Sub     string    // stable id of the user; with user: in front it is a topic name
	Name    string    // for display; may be empty, need not be unique
	Expires time.Time // from then on it may do nothing; zero: never
	Grants  []Grant
}

// Anonymous says whether nothing is known of the visitor.
func (id Identity) Anonymous() bool { return id.Sub == "" && len(id.Grants) == 0 }

// Check returns an error unless the identity is anonymous or well-formed: a
// sub of at most 250 bytes of UTF-8 without control characters, a name of at
// most [MaxNameBytes] of the same, and grants with valid patterns and verbs.
// The text quotes nothing of the identity.
func (id Identity) Check() error {
	if id.Anonymous() {
		return nil
	}
	switch {
	case id.Sub == "":
		return errors.New("sub is missing")
	case protocol.CheckTopic(userPrefix+id.Sub) != nil:
		return fmt.Errorf("sub is longer than %d bytes, not UTF-8 or holds a control character", protocol.MaxTopicBytes-len(userPrefix))
	case len(id.Name) > MaxNameBytes, !utf8.ValidString(id.Name), strings.ContainsFunc(id.Name, unicode.IsControl):
		return fmt.Errorf("name is longer than %d bytes, not UTF-8 or holds a control character", MaxNameBytes)
	}
	for i, g := range id.Grants {
		if fault := g.check(); fault != "" {
			return fmt.Errorf("grants[%d].%s", i, fault)
		}
	}
	return nil
}
