// Package registry lists the types of documents that there are.
package registry

import (
	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
)

// types stand in the order of their names.
var types = []doc.Type{
	counter.Type,
	records.Type,
	set.Type,
}

// Names returns the names of the types, ascending.
func Names() []string {
	var names []string
	for _, t := range types {
		names = append(names, t.Name())
	}
	return names
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
