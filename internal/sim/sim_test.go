package sim

import (
	"flag"
	"testing"
)

var (
	seeds = flag.Uint64("sim.seeds", 0, "how many seeds to run (0: a few)")
	seed  = flag.Uint64("sim.seed", 0, "the one seed to run, with its trace")
)

// few is how many seeds an ordinary test run takes.
const few = 150

func TestRun(t *testing.T) {
	if *seed != 0 {
		r := Run(*seed)
		t.Log("\n" + r.Trace)
		report(t, *seed, r)
		return
	}
	n := *seeds
	if n == 0 {
		n = few
		if testing.Short() || raceEnabled {
			n = few / 10
		}
	}
	shown, acked := 0, 0
	for s := uint64(1); s <= n; s++ {
		r := Run(s)
		report(t, s, r)
		shown += r.Shown
		acked += r.Acked
	}
	if shown == 0 || acked == 0 {
		t.Fatal("no entry was shown, or none acknowledged: the runs prove nothing")
	}
	t.Logf("%d seeds: %d entries shown, %d promises kept", n, shown, acked)
}

func report(t *testing.T, seed uint64, r Result) {
	t.Helper()
	for _, f := range r.Faults[:min(len(r.Faults), 5)] {
		t.Error(f)
	}
	if len(r.Faults) > 0 {
		t.Fatalf("%d faults; see go test -v ./internal/sim -sim.seed=%d", len(r.Faults), seed)
	}
}

func TestRun_is_the_same_for_the_same_seed(t *testing.T) {
	for s := uint64(1); s <= 3; s++ {
		first, second := Run(s), Run(s)
		if first.Trace != second.Trace {
			t.Fatalf("seed %d has two traces", s)
		}
	}
}
