package main

import (
	"context"
	"runtime/metrics"
	"time"
)

const (
	// restEvery is how often it is looked whether the server is at rest.
	restEvery = 10 * time.Second
	// restShare is how many times as long as freeing memory took none is freed again.
	restShare = 1000
)

// freeAtRest frees memory whenever the server has been at rest: when so little was
// allocated that no garbage was collected for a while. What it needed when it was
// busy, and the documents that it has let go since, it would keep for minutes.
func freeAtRest(ctx context.Context, collections func() uint64, free func()) {
	seen, wait := collections(), restEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = restEvery
		if now := collections(); now != seen {
			seen = now
			continue
		}
		begin := time.Now()
		free()
		wait = max(wait, restShare*time.Since(begin))
	}
}

// collections is how often garbage was collected because of what was allocated.
func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
