package gate

import (
	"time"

	"github.com/tuttisync/tutti/internal/bucket"
)

const (
	// maxBuckets bounds how many keys are remembered at a time; one more takes
	// the place of any other, which starts anew with a full bucket.
	maxBuckets = 1 << 16
	sweepEvery = 5 * time.Second
)

// buckets holds a token bucket for each key that was seen of late.
type buckets[K comparable] struct {
	rate  int // tokens a second; 0: no bound
	least int // that a bucket holds
	all   map[K]*bucket.Bucket
	swept time.Time
}

// of returns the key's bucket; nil if there is no bound.
func (b *buckets[K]) of(now time.Time, key K) *bucket.Bucket {
	if b.rate <= 0 {
		return nil
	}
	if known, ok := b.all[key]; ok {
		return known
	}
	if b.all == nil {
		b.all = make(map[K]*bucket.Bucket)
	}
	b.makeRoom(now)
	fresh := bucket.New(b.rate, b.least)
	b.all[key] = fresh
	return fresh
}

// makeRoom forgets, now and then, the keys whose buckets are full again, and
// any one if there are too many even so.
func (b *buckets[K]) makeRoom(now time.Time) {
	if now.Sub(b.swept) >= sweepEvery {
		b.swept = now
		for key, known := range b.all {
			if known.TokensAt(now) >= float64(known.Burst()) {
				delete(b.all, key)
			}
		}
	}
	for key := range b.all {
		if len(b.all) < maxBuckets {
			return
		}
		delete(b.all, key)
	}
}
