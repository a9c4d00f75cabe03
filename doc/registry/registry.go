// Package registry lists the types of documents that there are.
package registry

import (
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
)

var types = []doc.Type{
	counter.Type,
	records.Type,
	set.Type,
}

// Lookup returns the type of that name, or nil.
func Lookup(name string) doc.Type {
	for _, t := range types {
		if t.Name() == name {
			return t
		}
	}
	return nil
}
