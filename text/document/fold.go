package document

import (
	"errors"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text"
)

const (
	// mostDebt is how many events a client's entries may have moved beyond what it
	// has paid: more, and it must rebase.
	mostDebt = 1 << 16
	// payment is what each entry of the log pays off, of every client's debt.
	payment = 256
)

// fold is a document. While a judge is ahead of it, its readers see what is kept.
type fold struct {
	mu    sync.Mutex // guards the fields below
	text  *text.Fold
	debts map[string]debt // of clients whose entries made the fold move
}

// debt is what a client owed at an offset.
type debt struct {
	moved  int
	offset uint64
}

func newFold(f *text.Fold) *fold { return &fold{text: f, debts: make(map[string]debt)} }

func (f *fold) Offset() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.KeptOffset()
}

func (f *fold) Bytes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	entries, events := f.text.Held()
	return f.text.Bytes() + 48*entries + events
}

func (f *fold) Memory() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	entries, events := f.text.Held()
	return 2*f.text.Bytes() + 96*entries + 8*events
}

func (f *fold) AppendSnapshot(b []byte) []byte {
	f.mu.Lock()
	s := f.text.Snapshot()
	f.mu.Unlock()
	return AppendSnapshot(b, s)
}

func (f *fold) AppendValue(b []byte) []byte {
	f.mu.Lock()
	kept := f.text.Kept()
	f.mu.Unlock()
	b, _ = jsontext.AppendQuote(b, kept) // it is UTF-8
	return b
}

func (f *fold) Fold(e *doc.Entry, op doc.Operation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop()
	f.text.Limit(text.Limits{})
	f.text.SkipTo(e.Offset - 1)
	err := f.apply(e, op.(text.Op))
	if err != nil {
		f.text.Skip()
	}
	return err
}

func (f *fold) Skip(offset uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop()
	f.text.SkipTo(offset)
}

// drop takes back what a judge has left.
func (f *fold) drop() {
	f.text.TakeBack(0)
	f.text.Keep()
}

// apply folds an entry, the next one.
func (f *fold) apply(e *doc.Entry, op text.Op) error {
	effect, err := f.text.Fold(text.Entry{Offset: e.Offset, Client: e.Client, Base: e.Base, Op: op})
	if err != nil {
		return Error(err)
	}
	if !slices.Equal(effect, op) {
		e.Effect = Append(nil, effect)
	}
	return nil
}

// Error is an error of package text as the protocol tells it.
func Error(err error) error {
	switch text.CodeOf(err) {
	case text.RebaseRequired:
		return protocol.Errorf(protocol.RebaseRequired, "%s", message(err))
	case text.LimitExceeded:
		return protocol.Errorf(protocol.LimitExceeded, "%s", message(err))
	default:
		return protocol.Errorf(protocol.BadOperation, "%s", message(err))
	}
}

func (f *fold) Judge(maxBytes int) doc.Judge { return &judge{fold: f, most: maxBytes} }

// judge folds entries tentatively.
type judge struct {
	fold *fold
	most int
}

func (j *judge) Judge(e *doc.Entry, op doc.Operation) error {
	f := j.fold
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text.Try()
	f.text.Limit(text.Limits{Moves: max(1, mostDebt-f.owes(e))})
	before := f.text.Bytes()
	f.text.SkipTo(e.Offset - 1)
	if err := f.apply(e, op.(text.Op)); err != nil {
		return err
	}
	if bytes := f.text.Bytes(); j.most > 0 && bytes > j.most && bytes > before {
		f.text.TakeBack(e.Offset - 1)
		return protocol.Errorf(protocol.LimitExceeded, "The text would have %d bytes; %d are allowed.", bytes, j.most).Of(protocol.DocumentBytesLimit)
	}
	f.charge(e)
	return nil
}

// owes is what a client owes before an entry.
func (f *fold) owes(e *doc.Entry) int {
	d := f.debts[e.Client]
	return max(0, d.moved-payment*int(min(e.Offset-d.offset, mostDebt)))
}

// charge notes what an entry has cost.
func (f *fold) charge(e *doc.Entry) {
	if moved := f.text.Moved(); moved > payment {
		f.debts[e.Client] = debt{f.owes(e) + moved, e.Offset}
	}
	if len(f.debts) > 1024 {
		clear(f.debts)
	}
}

func (j *judge) Commit() {
	j.fold.mu.Lock()
	defer j.fold.mu.Unlock()
	j.fold.text.Keep()
}

func (j *judge) Drop() {
	j.fold.mu.Lock()
	defer j.fold.mu.Unlock()
	j.fold.drop()
}

func message(err error) string {
	if e, ok := errors.AsType[*text.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
