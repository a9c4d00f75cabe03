package bucket

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Take takes from both buckets or from neither, and its wait is long enough.
func TestTake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		a, b := New(3, 0), New(10, 80)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			n := rapid.IntRange(0, 100).Draw(t, "bytes")
			left := [2]float64{a.TokensAt(now), b.TokensAt(now)}
			enough := left[0] >= 1-1e-6 && left[1] >= float64(min(n, 80))-1e-6
			wait := Take(now, Want{a, 1}, Want{b, n})
			taken := [2]float64{left[0] - a.TokensAt(now), left[1] - b.TokensAt(now)}
			var want [2]float64
			if enough {
				want = [2]float64{1, float64(min(n, 80))}
			}
			if (wait == 0) != enough || math.Abs(taken[0]-want[0])+math.Abs(taken[1]-want[1]) > 1e-3 {
				t.Fatalf("of %v it took %v and says %v, want %v", left, taken, wait, want)
			}
			if wait > 0 {
				later := now.Add(wait + time.Millisecond)
				if !allows(a, later, 1) || !allows(b, later, min(n, 80)) {
					t.Fatalf("after %v it is still too soon", wait)
				}
			}
		}
	})
}

func allows(b *Bucket, at time.Time, n int) bool { return b.TokensAt(at) >= float64(n)-1e-6 }

func TestOwe(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	b := New(10, 0)
	for i, want := range []time.Duration{0, time.Second, 4 * time.Second} {
		if wait := Owe(now, Want{b, 30}); wait != want {
			t.Errorf("debt %d is paid after %v, want %v", i, wait, want)
		}
	}
	if wait := Take(now.Add(3*time.Second), Want{b, 1}); wait != 1100*time.Millisecond {
		t.Errorf("with a debt of 10 one token is there after %v", wait)
	}
	if New(0, 100) != nil || Take(now, Want{nil, 1 << 40}) != 0 || Owe(now, Want{nil, 1}) != 0 {
		t.Error("no rate is a bound")
	}
}
