package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/tuttisync/tutti/bench/internal/process"
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
	resident, err := process.Resident()
	if err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU:        time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		RSS:        resident,
		InUse:      int64(m.HeapInuse + m.StackInuse),
		Goroutines: runtime.NumGoroutine(),
	}, nil
}
