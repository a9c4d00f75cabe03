package hub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Timers set, moved and stopped at any time, and a clock that ticks evenly,
// stands still or leaps: each fires once, with the first advance at which it is
// due, and never early.
func TestWheel_is_its_twin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_800_000_000, 0)
		var w wheel
		w.init(now)
		var fired []int
		timers := make([]timer, 8)
		twin := make(map[int]int64) // timer: the tick when it is due
		for i := range timers {
			timers[i].fire = func(time.Time) { fired = append(fired, i) }
		}
		begin, done := now, int64(0)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			i := rapid.IntRange(0, len(timers)-1).Draw(t, "timer")
			switch rapid.SampledFrom([]string{"set", "set", "stop", "advance", "advance"}).Draw(t, "step") {
			case "set":
				wait := drawDelay(t)
				w.set(&timers[i], now.Add(wait))
				due := int64(0)
				for begin.Add(time.Duration(due) * wheelTick).Before(now.Add(wait)) {
					due++
				}
				twin[i] = max(due, done+1)
			case "stop":
				w.stop(&timers[i])
				delete(twin, i)
			case "advance":
				now = now.Add(drawDelay(t))
				if now.Before(begin) {
					now = begin
				}
				fired = nil
				w.advance(now)
				for begin.Add(time.Duration(done+1)*wheelTick).Compare(now) <= 0 {
					done++
				}
				var want []int
				for i, due := range twin {
					if due <= done {
						want = append(want, i)
						delete(twin, i)
					}
				}
				slices.Sort(want)
				slices.Sort(fired)
				if !slices.Equal(fired, want) {
					t.Fatalf("at tick %d fired %v, want %v", done, fired, want)
				}
			}
		}
	})
}

func drawDelay(t *rapid.T) time.Duration {
	most := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, wheelSlots * wheelTick, 3 * wheelSlots * wheelTick}).Draw(t, "most")
	return time.Duration(rapid.Int64Range(-int64(time.Second), int64(most)).Draw(t, "delay"))
}

func TestWheel_far_away(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	for _, at := range []time.Time{start.AddDate(500, 0, 0), time.Unix(1<<40, 0), start.Add(1<<63 - 1)} {
		t.Run(fmt.Sprint(at.Year()), func(t *testing.T) {
			var w wheel
			w.init(start)
			w.set(&timer{fire: func(time.Time) { t.Error("fired early") }}, at)
			for i := range time.Duration(2 * wheelSlots) {
				w.advance(start.Add(i * wheelTick))
			}
		})
	}
}
