package doc

// Operation is an operation of some kind, decoded and checked.
type Operation any

// Kind is a type of documents as a server needs it. [Of] makes one of a [Type];
// one whose documents are no cells implements it itself. Its methods are safe for
// concurrent use.
type Kind interface {
	// Name is what configuration and protocol call it.
	Name() string
	// Decode reads an operation, as Type's.
	Decode(data []byte) (Operation, error)
	// Positional says whether operations mean places in what their authors showed:
	// then none may be put in the place of another, as what its author did next
	// would mean other places.
	Positional() bool
	// New returns the fold of an empty log.
	New() Fold
	// Load returns the fold up to an offset that a snapshot has: JSON as
	// AppendSnapshot wrote it. What is wrong with it is bad_message.
	Load(offset uint64, snapshot []byte) (Fold, error)
}

// Fold is a document: the fold of a log up to an offset. Any number may read it
// while a [Judge] on it judges; nobody while it changes.
type Fold interface {
	// Offset is that of the last entry that was folded.
	Offset() uint64
	// Bytes is about the length of a snapshot, and Memory what it takes, about.
	Bytes() int
	Memory() int
	// AppendSnapshot appends its JSON to b, and AppendValue that of the value.
	AppendSnapshot(b []byte) []byte
	AppendValue(b []byte) []byte
	// Fold applies an entry of the log, the next one. An entry that cannot be
	// applied has no effect, and the error says why.
	Fold(e *Entry, op Operation) error
	// Skip passes over entries without effect, up to an offset.
	Skip(offset uint64)
	// Judge returns the one on whom entries are judged before they are in the log.
	// He refuses what makes the document longer than maxBytes (0: nothing).
	Judge(maxBytes int) Judge
}

// Judge judges entries on a tentative fold, which is kept with Commit when they
// are in the log, or forgotten with Drop when they are not. One may be in use at a
// time.
type Judge interface {
	Judge(e *Entry, op Operation) error
	Commit()
	Drop()
}

// Of returns the kind of documents that are cells of a type.
func Of(t Type) Kind { return cellKind{t} }

type cellKind struct{ Type }

func (k cellKind) Decode(data []byte) (Operation, error) { return k.Type.Decode(data) }

func (k cellKind) Positional() bool { return false }

func (k cellKind) New() Fold { return cellFold{New(k.Type)} }

func (k cellKind) Load(offset uint64, snapshot []byte) (Fold, error) {
	s, err := Load(k.Type, offset, snapshot)
	if err != nil {
		return nil, err
	}
	return cellFold{s}, nil
}

// spread is how much more memory cells take than their JSON: of records with some
// words in each field three times as much, of many short ones up to eleven times.
const spread = 4

type cellFold struct{ *State }

func (f cellFold) Memory() int { return spread * f.Bytes() }

func (f cellFold) AppendSnapshot(b []byte) []byte { return f.AppendCells(b) }

func (f cellFold) Fold(e *Entry, op Operation) error { return f.State.Fold(e, op.(Op)) }

func (f cellFold) Judge(maxBytes int) Judge { return cellJudge{f.Draft(maxBytes)} }

type cellJudge struct{ *Draft }

func (j cellJudge) Judge(e *Entry, op Operation) error { return j.Draft.Judge(e, op.(Op)) }
