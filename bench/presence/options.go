package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options say what to measure, how often, and how large.
type options struct {
	server string // be this server
	probe  string // be the probe of the server at this address

	only     string
	runs     int
	warm     time.Duration
	lasts    time.Duration
	profiles string

	writers int // members that move their cursors
	room    int // members of a large room
	still   int // members whose memory is measured
	idle    time.Duration
	rest    time.Duration
}

var scenarioNames = []string{"cursors", "join", "flood", "memory", "idle"}

// scenarios are what can be measured, by name.
var scenarios = map[string]func(options) scenario{
	"cursors": cursors, "join": join, "flood": flood, "memory": memory, "idle": idle,
}

func (o *options) register(f *flag.FlagSet) {
	seconds := func(name string, value *time.Duration, otherwise float64, usage string) {
		*value = time.Duration(otherwise * float64(time.Second))
		f.Func(name, fmt.Sprintf("%s (default %v)", usage, otherwise), func(text string) error {
			d, err := time.ParseDuration(text + "s")
			*value = d
			return err
		})
	}
	f.StringVar(&o.server, "server", "", "be this server; the bench starts itself so")
	f.StringVar(&o.probe, "probe", "", "be the probe of the server at this address; the bench starts itself so")
	f.StringVar(&o.only, "only", strings.Join(scenarioNames, ","), "what to measure")
	f.IntVar(&o.runs, "runs", 3, "how often to measure each; the median is shown")
	seconds("warm", &o.warm, 2, "seconds of cursors that do not count")
	seconds("seconds", &o.lasts, 8, "seconds of cursors, and of a flood, that do")
	seconds("idle", &o.idle, 30, "seconds for which idle members are watched")
	seconds("rest", &o.rest, 2, "seconds for which connections are left alone before they are looked at")
	f.IntVar(&o.writers, "writers", 100, "members that move their cursors")
	f.IntVar(&o.room, "room", 10_000, "members of the large room, and idle ones")
	f.IntVar(&o.still, "still", 5000, "members whose memory is measured")
	f.StringVar(&o.profiles, "profiles", "", "existing directory for profiles of the servers in Go, which cost some speed")
}

func (o *options) validate() error {
	for _, name := range o.selected() {
		if !slices.Contains(scenarioNames, name) {
			return fmt.Errorf("--only: there is no %q; there are %s", name, strings.Join(scenarioNames, ", "))
		}
	}
	if min(o.runs, o.writers, o.room, o.still) < 1 || min(o.lasts, o.idle) <= 0 || min(o.warm, o.rest) < 0 {
		return errors.New("sizes and times must be positive")
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	const others = 1000 // files that are no members
	if n := max(o.room, o.still) + others; uint64(n) > files.Cur {
		return fmt.Errorf("%d connections need a limit of open files (ulimit -n) of %d; it is %d", n-others, n, files.Cur)
	}
	return nil
}

func (o *options) selected() []string { return strings.Split(o.only, ",") }
