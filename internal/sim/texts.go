package sim

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/internal/hub"
	"github.com/tuttisync/tutti/internal/naive"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/text/document"
)

// auditText holds what the writers show, and what the server tells, against the
// log as the naive engine folds it, and that against what was meant. It returns how
// many entries the log has.
func (w *World) auditText() int {
	log := w.textLog()
	now := w.auditEffects(log)
	for _, c := range w.clients {
		t := c.writer
		if got := t.session.String(); got != now {
			t.fault("shows %q in the end, and the log is %q", got, now)
		}
		if t.session.Offset() != uint64(len(log)) || len(t.pending) > 0 || len(t.session.Pending()) > 0 {
			t.fault("is at %d of %d, with %d pending", t.session.Offset(), len(log), len(t.pending))
		}
	}
	w.meaning.audit(now, w.ledger.fault)
	return len(log)
}

// auditEffects folds the log, holds a reader against it who knows only the effects
// of entries, and what the server tells of it, now and then. It returns the text.
func (w *World) auditEffects(log []protocol.Entry) string {
	fold, read, at := naive.NewLog(), []rune(nil), uint64(w.rng.IntN(len(log)+1))
	if at == 0 {
		w.auditValue(&at, "")
	}
	for _, e := range log {
		op, err := document.Decode(e.Data)
		if err != nil || e.Base == nil {
			w.ledger.fault("%s stands at %d: %v", e.Data, e.Offset, err)
			return ""
		}
		fold.Fold(e.Client, naive.Op(op), *e.Base)
		if len(e.Eff) > 0 {
			if op, err = document.Decode(e.Eff); err != nil {
				w.ledger.fault("the effect of %d is %s: %v", e.Offset, e.Eff, err)
			}
		}
		var fits bool
		if read, _, _, fits = applied(read, op); !fits || string(read) != fold.String() {
			w.ledger.fault("by the effects it is %q at %d, and the log is %q", string(read), e.Offset, fold.String())
			return fold.String()
		}
		if e.Offset == at {
			w.auditValue(&at, string(read))
		}
	}
	w.auditValue(nil, string(read))
	return string(read)
}

// textOf is the text up to an offset, with what clients wrote behind that up to seqs.
func (w *World) textOf(offset uint64, seqs []protocol.ClientSeq) string {
	fold := naive.NewLog()
	for _, e := range w.ledger.text {
		if e.Offset <= offset || slices.ContainsFunc(seqs, func(s protocol.ClientSeq) bool { return s.Client == e.Client && e.Seq <= s.Seq }) {
			if op, err := document.Decode(e.Data); err == nil {
				fold.Fold(e.Client, naive.Op(op), *e.Base)
			}
		}
	}
	return fold.String()
}

// auditValue asks the server for the text, now or as of an offset.
func (w *World) auditValue(at *uint64, want string) {
	value, err := w.server.hub.Document(context.Background(), hub.Glance{Trusted: true, Topic: textTopic, At: at})
	if at != nil && w.keep > 0 && protocol.AsError(err).Code == protocol.PositionLost {
		return // it was forgotten
	}
	var got string
	if err == nil {
		err = json.Unmarshal(value.Value, &got)
	}
	if err != nil || got != want {
		w.ledger.fault("the server has %q, %v; the log is %q", got, err, want)
	}
}

// textLog is the whole log of the text.
func (w *World) textLog() []protocol.Entry {
	head, err := w.server.disk.Head(context.Background(), textTopic)
	if err != nil {
		panic(err)
	}
	return w.ledger.text[:head.Last]
}
