package sim

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/store/memory"
)

const (
	turmoil = 60 * time.Second  // how long things go wrong
	healing = 240 * time.Second // how long they may take to be well again
	parting = 30 * time.Second
)

// Result is what a run has shown.
type Result struct {
	Faults []string // what must never be; none if all is well
	Trace  string
	Shown  int // entries that handlers have seen in the end
	Acked  int // promises that were kept

	// Of a run of RunText:
	Entries  int // of the text's log in the end
	Rejected int // operations
	Outdated int // operations that were said anew because the server wanted it
	Reopened int // snapshots that were told

	// Of a run of RunPresence, as all together were told:
	Joins, Leaves, Signals int
}

// Run lets a world go by in which messages are written.
func Run(seed uint64) Result {
	w := newWorld(seed)
	w.live()
	w.audit()
	shown := 0
	for _, c := range w.clients {
		for _, h := range c.handlers {
			shown += len(h.seen)
		}
	}
	w.end()
	return Result{Faults: w.ledger.faults, Trace: w.trace.String(), Shown: shown, Acked: len(w.ledger.acked)}
}

// RunText lets a world go by in which a text is written.
func RunText(seed uint64) Result {
	w := newWorld(seed)
	w.writing = true
	w.keep = []uint64{0, 0, 40}[w.rng.IntN(3)]
	w.most = 800 << w.rng.IntN(4)
	w.live()
	entries := w.auditText()
	w.end()
	return Result{
		Faults: w.ledger.faults, Trace: w.trace.String(),
		Entries: entries, Rejected: w.rejected, Outdated: w.outdated, Reopened: w.reopened,
	}
}

// RunPresence lets a world go by in which people come and go.
func RunPresence(seed uint64) Result {
	w := newWorld(seed)
	w.meeting = true
	w.after(time.Second, w.ghosts)
	if w.calm = w.chance(0.3); w.calm {
		w.after(w.between(20*time.Second, 30*time.Second), w.restart)
	}
	w.live()
	w.ghosts()
	w.auditPresence()
	w.end()
	return Result{Faults: w.ledger.faults, Trace: w.trace.String(), Joins: w.joins, Leaves: w.leaves, Signals: w.signals}
}

func newWorld(seed uint64) *World {
	return &World{rng: rand.New(rand.NewPCG(seed, 0)), trace: new(strings.Builder), ledger: newLedger()}
}

// live lets things go wrong, and be well again.
func (w *World) live() {
	w.start(memory.New().Restart("term0000000"), 0)
	for id := range 2 + w.rng.IntN(3) {
		w.join(id)
	}
	w.run(turmoil)
	w.healed = true
	w.tell("healed")
	if w.server.disk.failed {
		w.restart()
	}
	w.run(turmoil + healing)
}

// end closes everything.
func (w *World) end() {
	for _, c := range w.clients {
		c.step(core.Close{})
	}
	w.run(turmoil + healing + parting)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := w.server.hub.Close(ctx); err != nil {
		w.ledger.fault("the hub does not close: %v", err)
	}
}
