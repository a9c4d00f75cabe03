package doc

// Text is a kind of documents whose value is a text, and whose operations put and
// delete code points at places of it.
type Text interface {
	Kind
	// Rewrite returns the operation, as JSON, that does to the text now what would
	// make target of seen: the difference between the two, moved over that between
	// seen and now. limit_exceeded or bad_operation where there is none.
	Rewrite(seen, now, target string) ([]byte, error)
	// Splices reads an operation, or what an entry says of its effect: bad_operation
	// if it is none.
	Splices(op []byte) ([]Splice, error)
}

// Splice is a change at one place, which sees those before it: behind At code
// points Delete others are deleted, then Insert are put there.
type Splice struct{ At, Delete, Insert int }
