package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a server's process has used, or holds.
type usage struct {
	CPU        time.Duration // user and system, since it started
	RSS        int64         // bytes, as /proc says
	InUse      int64         // bytes of heap spans and stacks
	Goroutines int
}

func readUsage() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return usage{}, fmt.Errorf("read usage: /proc/self/statm says %q", statm)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU:        time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		RSS:        pages * int64(os.Getpagesize()),
		InUse:      int64(m.HeapInuse + m.StackInuse),
		Goroutines: runtime.NumGoroutine(),
	}, nil
}

// collect leaves no garbage: stacks shrink by half with each collection.
func collect() {
	for range 4 {
		runtime.GC()
	}
	debug.FreeOSMemory()
}
