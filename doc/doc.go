// Package doc holds documents: topics whose entries are operations of one data
// type, and whose value is a fold of the log (rules DOC of spec/documents.md).
//
// A document is cells by key. A [Type] says how an operation reads and writes
// them; all else is the same for every type and stands here: [State], the fold
// of a log, which a snapshot writes down and [Load] reads; [Draft], a tentative
// overlay on it, on which the server judges what it is about to append; and
// [Replica], the client's side: the confirmed fold with what is pending on top.
//
// Everything here is pure: no clock, no goroutine, no lock. A cell is never
// changed once it was set, so it may be shared.
//
// A new type is one package that implements [Type], its vectors in
// conformance/doc, and one line in package doc/registry; the example is one.
// Package doc/doctest holds a type against what it promises.
package doc
