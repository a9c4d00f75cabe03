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
	shown, acked := 0, 0
	each(t, Run, few, func(r Result) {
		shown += r.Shown
		acked += r.Acked
	})
	if shown == 0 || acked == 0 {
		t.Fatal("no entry was shown, or none acknowledged: the runs prove nothing")
	}
	t.Logf("%d entries shown, %d promises kept", shown, acked)
}

func TestRunText(t *testing.T) {
	var all Result
	each(t, RunText, few/3, func(r Result) {
		all.Entries += r.Entries
		all.Rejected += r.Rejected
		all.Outdated += r.Outdated
		all.Reopened += r.Reopened
	})
	if *seed == 0 && (all.Rejected == 0 || all.Outdated == 0 || all.Reopened == 0) {
		t.Errorf("the runs prove too little: %+v", all)
	}
	t.Logf("%d entries, %d operations rejected, %d said anew, %d snapshots told", all.Entries, all.Rejected, all.Outdated, all.Reopened)
}

func TestRunPresence(t *testing.T) {
	var all Result
	each(t, RunPresence, few, func(r Result) {
		all.Joins += r.Joins
		all.Leaves += r.Leaves
		all.Signals += r.Signals
	})
	if *seed == 0 && (all.Joins == 0 || all.Leaves == 0 || all.Signals == 0) {
		t.Errorf("the runs prove too little: %+v", all)
	}
	t.Logf("%d joins, %d leaves, %d signals told", all.Joins, all.Leaves, all.Signals)
}

// TestRunText_seeds are those that have found something.
func TestRunText_seeds(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		what string
	}{
		{312, "TEXT-19 what has changed places is deleted by one who was away past the bar"},
		{601, "DOC-11 a position of a run that wrote nothing of what is kept"},
		{814, "an edit that joins an operation from before the log was rolled back"},
		{841, "DOC-19 an operation of a lost log that does nothing in one that is as long"},
		{989, "TEXT-19 a snapshot that holds an operation without effect"},
	} {
		t.Run(c.what, func(t *testing.T) { report(t, "TestRunText", c.seed, RunText(c.seed)) })
	}
}

// each runs the seeds that are asked for, a few if none are, or one with its trace.
func each(t *testing.T, run func(seed uint64) Result, few uint64, fn func(r Result)) {
	t.Helper()
	if *seed != 0 {
		r := run(*seed)
		t.Log("\n" + r.Trace)
		report(t, t.Name(), *seed, r)
		fn(r)
		return
	}
	n := *seeds
	if n == 0 {
		n = few
		if testing.Short() || raceEnabled {
			n = few / 10
		}
	}
	for s := uint64(1); s <= n; s++ {
		r := run(s)
		report(t, t.Name(), s, r)
		fn(r)
	}
}

// report tells the faults of a run, and how the test of a name runs its seed.
func report(t *testing.T, name string, seed uint64, r Result) {
	t.Helper()
	for _, f := range r.Faults[:min(len(r.Faults), 5)] {
		t.Error(f)
	}
	if len(r.Faults) > 0 {
		t.Fatalf("%d faults; see go test -v -run '%s' ./internal/sim -sim.seed=%d", len(r.Faults), name, seed)
	}
}

func TestRun_is_the_same_for_the_same_seed(t *testing.T) {
	for s := uint64(1); s <= 3; s++ {
		for _, run := range []func(uint64) Result{Run, RunText, RunPresence} {
			if first, second := run(s), run(s); first.Trace != second.Trace {
				t.Fatalf("seed %d has two traces", s)
			}
		}
	}
}
