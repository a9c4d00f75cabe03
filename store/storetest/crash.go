package storetest

import (
	"math/rand/v2"
	"testing"
)

// testCrash cuts the power at random moments of a full load. All that was
// acknowledged, and all that anybody saw, must be there afterwards. Then the
// power is cut again at once: what the opened store showed must be there too.
// And then it goes on from there.
func testCrash(t *testing.T, b Backend) {
	rng := random(t)
	place := b.New(t)
	rounds, crashes := 6, 5
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		log := open(t, place)
		l := startLoad(t, log, rng, 4)
		var next Place
		for range crashes {
			for range 1 + rng.IntN(30) {
				<-l.progress
			}
			lower := l.lower()
			next = place.Crash(chance(rng))

			found := open(t, next)
			heads := l.judge(found, lower)
			again := next.Crash(nil)
			closeLog(t, found)
			found = open(t, again)
			l.judge(found, heads)
			closeLog(t, found)
		}
		l.finish()
		for _, err := range l.failures {
			t.Errorf("append: %v", err)
		}
		closeLog(t, log)
		place = next
	}
}

// chance is a crash's: at times the worst case.
func chance(rng *rand.Rand) *rand.Rand {
	if rng.IntN(2) == 0 {
		return nil
	}
	return rand.New(rand.NewPCG(rng.Uint64(), 0))
}
