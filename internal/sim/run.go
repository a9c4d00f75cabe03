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
}

// Run lets a world go by.
func Run(seed uint64) Result {
	w := &World{rng: rand.New(rand.NewPCG(seed, 0)), trace: new(strings.Builder), ledger: newLedger()}
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
	w.audit()
	shown := 0
	for _, c := range w.clients {
		for _, h := range c.handlers {
			shown += len(h.seen)
		}
		c.step(core.Close{})
	}
	w.run(turmoil + healing + parting)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := w.server.hub.Close(ctx); err != nil {
		w.ledger.fault("the hub does not close: %v", err)
	}
	return Result{Faults: w.ledger.faults, Trace: w.trace.String(), Shown: shown, Acked: len(w.ledger.acked)}
}
