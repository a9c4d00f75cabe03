package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	steps   = 64 // of a doubling: a quantile is wrong by less than 2 %
	doubles = 34 // up to two months
)

// Latencies is a histogram of durations, in microseconds: its size does not
// depend on how many there are. It is safe for concurrent use.
type Latencies struct {
	counts [(doubles + 1) * steps]atomic.Uint64
	most   atomic.Int64
}

// Add counts one duration; one below 0 counts as 0.
func (l *Latencies) Add(d time.Duration) {
	us := max(d.Microseconds(), 0)
	l.counts[bucket(uint64(us))].Add(1)
	for {
		most := l.most.Load()
		if int64(d) <= most || l.most.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// Max is the longest duration.
func (l *Latencies) Max() time.Duration { return time.Duration(l.most.Load()) }

// Quantile returns the duration that a share q (0 to 1) of all do not exceed by
// more than 2 %, 0 if there is none.
func (l *Latencies) Quantile(q float64) time.Duration {
	var total uint64
	for i := range l.counts {
		total += l.counts[i].Load()
	}
	rank := min(uint64(q*float64(total)), max(total, 1)-1)
	var seen uint64
	for i := range l.counts {
		if seen += l.counts[i].Load(); seen > rank {
			return min(time.Duration(lowest(i))*time.Microsecond, l.Max())
		}
	}
	return 0
}

// bucket is the index of a number of microseconds: the first steps buckets hold
// one number each, then each doubling has steps of them.
func bucket(us uint64) int {
	shift := max(bits.Len64(us)-bits.Len64(steps), 0)
	return min(shift*steps+int(us>>shift), (doubles+1)*steps-1)
}

// lowest is the least number of a bucket.
func lowest(index int) uint64 {
	if index < 2*steps {
		return uint64(index)
	}
	shift := index/steps - 1
	return uint64(index-shift*steps) << shift
}
