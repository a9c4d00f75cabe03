package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is freed when no garbage was collected for a while, and the less often the
// longer that takes.
func TestFreeAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		begin := time.Now()
		var freed []time.Duration
		takes := time.Millisecond
		busy := func() uint64 { return uint64(min(time.Since(begin), 25*time.Second) / time.Second) }
		go freeAtRest(ctx, busy, func() {
			freed = append(freed, time.Since(begin).Round(time.Second))
			time.Sleep(takes)
			takes = 60 * time.Millisecond
		})
		time.Sleep(3 * time.Minute)
		stop()
		synctest.Wait()
		want := []time.Duration{40 * time.Second, 50 * time.Second, 110 * time.Second, 170 * time.Second}
		if !slices.Equal(freed, want) {
			t.Errorf("memory was freed after %v, want %v", freed, want)
		}
	})
}

// What the program itself frees does not look like work.
func TestCollections(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := collections()
	runtime.GC()
	if got := collections(); got != before {
		t.Errorf("%d collections, want %d", got, before)
	}
}
