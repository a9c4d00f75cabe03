package doc

import "iter"

// Pending is the offset of an entry that is not in the log yet: above all that
// are.
const Pending = 1 << 53

// Entry is what a fold is told of an entry, beside its operation.
type Entry struct {
	Offset uint64
	Client string // empty: from a backend
	Base   uint64 // its author had seen the log up to here
	// Effect is what a kind's Judge says that readers without a fold need: JSON, of
	// an operation that has another effect than the one that it tells of.
	Effect []byte
}

// Cell is the part of a document at one key: a value of the type's own, never
// changed once it was set. Nil: there is none.
type Cell any

// Cells are a document's cells, as an operation sees them.
type Cells interface {
	Get(key string) Cell
	Set(key string, cell Cell) // nil takes it away
}

// Op is an operation, decoded and checked.
type Op interface {
	// Keys are those of all cells that Apply may read or write.
	Keys() []string
	// Apply applies the operation. On an error, one of the table that is not
	// retryable, what it has set already is taken back.
	Apply(e *Entry, cells Cells) error
}

// Type is a type of documents. Its methods are safe for concurrent use.
type Type interface {
	// Name is what configuration and protocol call it.
	Name() string
	// Decode reads an operation: valid JSON within the limits of an entry. What
	// is wrong with it is bad_operation.
	Decode(data []byte) (Op, error)
	// AppendCell appends a cell's JSON to b.
	AppendCell(b []byte, cell Cell) []byte
	// CellBytes is how many bytes AppendCell appends.
	CellBytes(cell Cell) int
	// Same says whether two cells of one key show the same to an application,
	// whoever wrote it.
	Same(a, b Cell) bool
	// DecodeCell reads the cell of a key, as AppendCell wrote it: valid JSON, which
	// it does not keep. What is wrong with it is bad_message.
	DecodeCell(key string, data []byte) (Cell, error)
	// AppendValue appends the JSON of the value of a document of these cells,
	// which come in no order.
	AppendValue(b []byte, cells iter.Seq2[string, Cell]) []byte
}
