package load

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine is one line about when and where a measurement was made; version is
// that of the program.
func Machine(now time.Time, version string) string {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("%s, tutti %s, %s, %s/%s, %d cores, kernel %s", now.Format(time.DateOnly), version,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimSpace(string(kernel)))
}
