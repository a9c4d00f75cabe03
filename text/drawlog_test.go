package text

import (
	"math/rand/v2"
	"unicode/utf8"
)

// drawnLog is a random log, in the naive engine: entries of clients that are
// behind, that pipeline, that have none, that saw a sibling's.
type drawnLog struct {
	naive naive
	ends  []int            // events after each entry
	own   map[string][]int // the events of each client
}

func newDrawnLog() *drawnLog { return &drawnLog{own: make(map[string][]int)} }

// draw makes the next entry, whose author has seen the bar.
func (l *drawnLog) draw(random *rand.Rand, bar uint64) Entry {
	offset := uint64(len(l.ends)) + 1
	e := Entry{Offset: offset, Client: []string{"", "ann", "bob", "cyd"}[random.IntN(4)]}
	e.Base = bar + uint64(random.IntN(int(offset-bar)))
	if random.IntN(2) == 0 {
		e.Base = offset - 1
	}
	var past []lv
	if e.Base > 0 {
		for v := range l.ends[e.Base-1] {
			past = append(past, v)
		}
	}
	if random.IntN(8) == 0 && e.Base+1 < offset {
		after := e.Base + 1 + uint64(random.IntN(int(offset-e.Base-1)))
		e.After = []uint64{after}
		from := 0
		if after > 1 {
			from = l.ends[after-2]
		}
		for v := from; v < l.ends[after-1]; v++ {
			past = append(past, v)
		}
	}
	own := l.own[e.Client]
	if e.Client != "" {
		past = append(past, own...)
	}
	e.Op = drawOp(random, utf8.RuneCountInString(l.naive.at(past)))
	start := len(l.naive.events)
	l.naive.addOp(e.Client, len(own), past, e.Op)
	for v := start; v < len(l.naive.events); v++ {
		own = append(own, v)
	}
	l.own[e.Client] = own
	l.ends = append(l.ends, len(l.naive.events))
	return e
}
