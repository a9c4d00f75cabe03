package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// World is the clock, the chance, and what is about to happen.
type World struct {
	rng    *rand.Rand
	now    time.Duration // since the start
	events events
	order  int
	trace  *strings.Builder

	server  *server
	clients []*client
	healed  bool
	ledger  *ledger

	// Of a world in which people meet:
	meeting bool
	calm    bool   // nobody leaves, and nothing goes wrong but that the server is killed now and then
	states  int    // that were given to members
	asked   uint64 // keys
	joins   int    // that were told
	leaves  int
	signals int

	// Of a world in which a text is written:
	writing  bool
	keep     uint64 // entries that retention leaves; 0: all
	most     int    // bytes that the text has at most
	meaning  meaning
	rejected int // operations
	outdated int // operations that had to be said anew
	reopened int // snapshots that were told
}

var epoch = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Now is the time that everything in the world sees.
func (w *World) Now() time.Time { return epoch.Add(w.now) }

type event struct {
	at    time.Duration
	order int
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || (e[i].at == e[j].at && e[i].order < e[j].order)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// after lets do happen once d has passed.
func (w *World) after(d time.Duration, do func()) { w.at(w.now+d, do) }

func (w *World) at(t time.Duration, do func()) {
	w.order++
	heap.Push(&w.events, event{at: max(t, w.now), order: w.order, do: do})
}

// between draws a duration.
func (w *World) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rng.Int64N(int64(high-low)+1))
}

// chance says yes with probability p.
func (w *World) chance(p float64) bool { return w.rng.Float64() < p }

// fault is chance that ends when the world heals.
func (w *World) fault(p float64) bool { return !w.healed && !w.calm && w.chance(p) }

func (w *World) tell(format string, args ...any) {
	fmt.Fprintf(w.trace, "%10.3fs ", w.now.Seconds())
	fmt.Fprintf(w.trace, format, args...)
	w.trace.WriteByte('\n')
}

// run lets things happen until the given time: a task of the server, or the
// next event.
func (w *World) run(until time.Duration) {
	for {
		if w.server.busy() && (w.chance(0.8) || len(w.events) == 0) {
			w.server.work()
			continue
		}
		if len(w.events) == 0 || w.events[0].at > until {
			if !w.server.busy() {
				w.now = until
				return
			}
			w.server.work()
			continue
		}
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
}
