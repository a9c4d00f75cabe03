package load

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLatencies compares with sorting all durations.
func TestLatencies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Latencies
		us := rapid.SliceOfN(rapid.Int64Range(0, 1<<38), 1, 200).Draw(t, "microseconds")
		for _, n := range us {
			l.Add(time.Duration(n) * time.Microsecond)
		}
		slices.Sort(us)
		for _, q := range []float64{0, 0.5, 0.99, 1} {
			rank := min(int(q*float64(len(us))), len(us)-1)
			want, got := us[rank], l.Quantile(q).Microseconds()
			if got > want || float64(got) < float64(want)*(1-1.0/steps)-1 {
				t.Fatalf("quantile %v of %v is %d, want %d", q, us, got, want)
			}
		}
		if l.Max().Microseconds() != us[len(us)-1] {
			t.Fatalf("the longest is %v", l.Max())
		}
	})
}

func TestLatencies_of_nothing(t *testing.T) {
	var l Latencies
	if l.Quantile(0.5) != 0 || l.Max() != 0 {
		t.Errorf("%v, %v", l.Quantile(0.5), l.Max())
	}
	l.Add(-time.Second)
	l.Add(1 << 62)
	if l.Quantile(0) != 0 || l.Max() != 1<<62 {
		t.Errorf("%v, %v", l.Quantile(0), l.Max())
	}
}
