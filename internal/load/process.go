package load

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks of processor time a second, in /proc on every Linux.
const ticks = 100

// process is one of this machine, as /proc tells of it. What cannot be read is
// NaN: another system, or a server elsewhere (process 0).
type process int

func (p process) file(name string) string { return fmt.Sprintf("/proc/%d/%s", p, name) }

// cpu is the processor time that it has used, in seconds.
func (p process) cpu() float64 {
	text, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return math.NaN()
	}
	// The name, in brackets, may hold spaces; user and system are 12th and
	// 13th behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return math.NaN()
	}
	user, userErr := strconv.ParseUint(fields[11], 10, 64)
	system, systemErr := strconv.ParseUint(fields[12], 10, 64)
	if userErr != nil || systemErr != nil {
		return math.NaN()
	}
	return float64(user+system) / ticks
}

// resident is the memory that it holds, in MiB.
func (p process) resident() float64 { return p.status("VmRSS:") }

// peak is the most that it has held since forgetPeak, in MiB.
func (p process) peak() float64 { return p.status("VmHWM:") }

func (p process) status(name string) float64 {
	text, err := os.ReadFile(p.file("status"))
	if err != nil {
		return math.NaN()
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return math.NaN()
			}
			return float64(kib) / 1024
		}
	}
	return math.NaN()
}

// forgetPeak makes the peak what the process holds now.
func (p process) forgetPeak() error {
	if p == 0 {
		return nil
	}
	if err := os.WriteFile(p.file("clear_refs"), []byte("5"), 0); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("forget the peak of memory: %w", err)
	}
	return nil
}

// since is the time from begin, in seconds.
func since(begin time.Time) float64 { return time.Since(begin).Seconds() }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
