package topic

import (
	"encoding/binary"
	"strings"

	"github.com/tuttisync/tutti/protocol"
)

// MaxVersions is how many named versions a document has at most (rule DOC-36).
const MaxVersions = 1000

// Rows of named versions: one with all of it, one of what is told of it in a list,
// and of all versions together how many there are. A value may be as long as a
// document. So that nobody reads values who looks for something else, they stand
// in front, the words about them behind them, and the rows that are forgotten with
// time, of clients and keys, behind all.
const (
	wholeKey = "A"
	aboutKey = "C"
	// VersionCount is the key of the row of how many versions there are.
	VersionCount = "B"
	// Lasting is above the keys of all rows that are never past their time.
	Lasting = "a"
)

// Version is a command to keep a document's value under a name, or to forget it.
type Version struct {
	Name  string
	About []byte // what a list tells of it; nil: forget it
	Whole []byte // that, and the value
}

// VersionKey is the key of the row with all of a version.
func VersionKey(name string) string { return wholeKey + name }

// VersionsAfter is the key above which the rows of all versions begin, in the order
// of their names, of what a list tells of each.
const VersionsAfter = aboutKey

// IsVersion says whether a key is that of such a row.
func IsVersion(key string) bool { return strings.HasPrefix(key, aboutKey) }

// large says whether a row's value is too long to be held.
func large(key string) bool { return strings.HasPrefix(key, wholeKey) }

// AboutKey is the key of the row of what is told of the version in a list.
func (v *Version) AboutKey() string { return aboutKey + v.Name }

// Keep judges a command and adds what it changes to the round. counted and before
// are the rows of VersionCount and AboutKey, as the round has left them. Of a
// version that was there under the name the verdict is Repeated.
func (s *Sequencer) Keep(v *Version, counted, before []byte) Verdict {
	count, _ := binary.Uvarint(counted)
	switch {
	case v.About == nil && before == nil:
		return Deny(protocol.Errorf(protocol.NotFound, "The document has no version %q.", v.Name))
	case v.About == nil:
		count--
	case before == nil && count >= MaxVersions:
		return Deny(protocol.Errorf(protocol.LimitExceeded, "The document has %d versions; forget one.", count))
	case before == nil:
		count++
	}
	s.set(VersionKey(v.Name), v.Whole)
	s.set(v.AboutKey(), v.About)
	s.set(VersionCount, binary.AppendUvarint(nil, count))
	kind := Accepted
	if before != nil {
		kind = Repeated
	}
	return Verdict{Kind: kind}
}
