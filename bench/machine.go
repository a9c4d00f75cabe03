package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

const peer = "github.com/centrifugal/centrifuge"

// machine is one line about when and where this was measured.
func machine(now time.Time) string {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("of unknown version")
	}
	return fmt.Sprintf("%s, %s/%s, %d cores, kernel %s, %s, centrifuge %s", now.Format(time.DateOnly),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version(), version(peer))
}

func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown version"
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return "of unknown version"
}
