package records

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
)

// Override is a field that an operation overwrote or removed without that its
// author had seen the last write (rule RECORDS-10).
type Override struct {
	Key    string
	Field  string
	Before jsontext.Value // canonical; not to be changed
	Lost   doc.Stamp      // the write that was overridden
	Won    doc.Stamp      // the entry that did it
}

// Overridden returns what an entry overrode in the record of a key, given as it
// was before and after; nil: there was none.
func Overridden(e *doc.Entry, key string, before, after *Record) []Override {
	if before == nil {
		return nil
	}
	var all []Override
	for name, value := range before.Fields() {
		lost := before.LastWrite(name)
		if !e.Saw(lost) && (after == nil || after.LastWrite(name) != lost) {
			all = append(all, Override{key, name, value, lost, e.Stamp()})
		}
	}
	return all
}
