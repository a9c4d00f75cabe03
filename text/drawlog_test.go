package text

import (
	"math/rand/v2"
	"unicode/utf8"

	"github.com/tuttisync/tutti/internal/naive"
)

// drawnLog is a random log, in the naive engine: entries of clients that are
// behind, that pipeline, that have none, that saw a sibling's.
type drawnLog struct{ *naive.Log }

func newDrawnLog() *drawnLog { return &drawnLog{naive.NewLog()} }

// draw makes the next entry, whose author has seen the bar.
func (l *drawnLog) draw(random *rand.Rand, bar uint64) Entry {
	offset := l.Offset() + 1
	e := Entry{Offset: offset, Client: []string{"", "ann", "bob", "cyd"}[random.IntN(4)]}
	e.Base = bar + uint64(random.IntN(int(offset-bar)))
	if random.IntN(2) == 0 {
		e.Base = offset - 1
	}
	if random.IntN(8) == 0 && e.Base+1 < offset {
		e.After = []uint64{e.Base + 1 + uint64(random.IntN(int(offset-e.Base-1)))}
	}
	e.Op = drawOp(random, utf8.RuneCountInString(l.Seen(e.Client, e.Base, e.After...)))
	l.Fold(e.Client, naive.Op(e.Op), e.Base, e.After...)
	return e
}
