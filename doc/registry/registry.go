// Package registry lists the types of documents that there are.
package registry

import (
	"slices"

	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
	"github.com/tuttisync/tutti/text/document"
)

// types are those whose documents are cells, in the order of their names.
var types = []doc.Type{
	counter.Type,
	records.Type,
	set.Type,
}

// others are those whose documents are not.
var others = []doc.Kind{
	document.Kind,
}

// Names returns the names of all, ascending.
func Names() []string {
	var names []string
	for _, t := range types {
		names = append(names, t.Name())
	}
	for _, k := range others {
		names = append(names, k.Name())
	}
	slices.Sort(names)
	return names
}

// Kind returns what a server needs of the type of that name, or nil.
func Kind(name string) doc.Kind {
	if t := Lookup(name); t != nil {
		return doc.Of(t)
	}
	for _, k := range others {
		if k.Name() == name {
			return k
		}
	}
	return nil
}

// Lookup returns the type of that name, or nil; nil also for one whose documents
// are no cells.
func Lookup(name string) doc.Type {
	for _, t := range types {
		if t.Name() == name {
			return t
		}
	}
	return nil
}
