package auth

import "slices"

// Verb is one kind of act on a topic.
type Verb string

// The verbs.
const (
	Read     Verb = "read"     // subscribe: entries as they come
	Publish  Verb = "publish"  // append a message
	Edit     Verb = "edit"     // append an operation to a document
	Presence Verb = "presence" // see who is here, and be seen
	History  Verb = "history"  // read the log, and a document as it was
	Admin    Verb = "admin"    // every verb, on users' own topics too
)

var verbs = []Verb{Read, Publish, Edit, Presence, History, Admin}

// Verbs returns all verbs. The caller owns the slice.
func Verbs() []Verb { return slices.Clone(verbs) }

// Valid says whether v is one of the verbs.
func (v Verb) Valid() bool { return slices.Contains(verbs, v) }

// phrase says in an error what the verb does.
func (v Verb) phrase() string {
	switch v {
	case Read:
		return "read this topic"
	case Publish:
		return "publish to this topic"
	case Edit:
		return "edit this document"
	case Presence:
		return "take part in the presence of this topic"
	case History:
		return "read the history of this topic"
	default:
		return "administer this"
	}
}
