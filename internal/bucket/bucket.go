// Package bucket is how rates are bounded: a token bucket fills at the rate, and
// holds a few seconds' worth, so that what comes in a burst now and then passes,
// and what comes too fast for long does not. It knows no clock: the time comes
// in.
package bucket

import (
	"time"

	"golang.org/x/time/rate"
)

// Burst is how many seconds' worth of a rate a bucket holds.
const Burst = 5

// Bucket is a token bucket. It is safe for concurrent use.
type Bucket = rate.Limiter

// New returns a full bucket that gets n tokens a second and holds [Burst]
// seconds' worth, but least at the least; nil, which has no bound, if n is 0.
func New(n, least int) *Bucket {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(n), max(n*Burst, least))
}

// Want is a number of tokens of one bucket, which may be nil.
type Want struct {
	Bucket *Bucket
	N      int
}

// Take takes all that is wanted, or nothing. It returns 0 if it did, else how
// long until it could. More than a bucket ever holds counts as all that it
// holds.
func Take(now time.Time, wants ...Want) time.Duration {
	wait := time.Duration(0)
	var taken [2]*rate.Reservation
	all := taken[:0]
	for _, w := range wants {
		r, more := w.reserve(now)
		wait = max(wait, more)
		all = append(all, r)
	}
	if wait == 0 {
		return 0
	}
	for _, r := range all {
		if r != nil {
			r.CancelAt(now)
		}
	}
	return wait
}

// Owe takes all that is wanted even where it is more than there is. It returns
// how long until the debt is paid.
func Owe(now time.Time, wants ...Want) time.Duration {
	wait := time.Duration(0)
	for _, w := range wants {
		_, more := w.reserve(now)
		wait = max(wait, more)
	}
	return wait
}

func (w Want) reserve(now time.Time) (*rate.Reservation, time.Duration) {
	if w.Bucket == nil {
		return nil, 0
	}
	r := w.Bucket.ReserveN(now, min(w.N, w.Bucket.Burst()))
	return r, r.DelayFrom(now)
}
