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

// room is the topic that all share.
const room = namespace + ":room"

func shared(int) string { return room }

// options say what to measure, and how large.
type options struct {
	server string // be this server

	parts      string
	repeat     int
	idle       int           // connections
	topics     int           // that they spread over
	rest       time.Duration // until their memory is read
	closed     int           // subscribers
	messages   int           // to them
	open       int           // subscribers
	rate       int           // messages to them a second
	lasts      time.Duration // for so long
	publishing time.Duration
	profiles   string
}

var partNames = []string{"idle", "closed", "open", "publish"}

func (o *options) register(f *flag.FlagSet) {
	f.StringVar(&o.server, "server", "", "be this server; the bench starts itself so")
	f.StringVar(&o.parts, "parts", strings.Join(partNames, ","), "what to measure")
	f.IntVar(&o.repeat, "repeat", 3, "how often to measure each; the median is shown")
	f.IntVar(&o.idle, "idle", 5000, "idle connections")
	f.IntVar(&o.topics, "topics", 100, "topics that the idle connections spread over")
	f.DurationVar(&o.rest, "rest", 3*time.Second, "how long idle connections are left alone before memory is read")
	f.IntVar(&o.closed, "closed", 1000, "subscribers in the closed loop")
	f.IntVar(&o.messages, "messages", 200, "messages in the closed loop")
	f.IntVar(&o.open, "open", 5000, "subscribers in the open loop")
	f.IntVar(&o.rate, "rate", 20, "messages a second in the open loop")
	f.DurationVar(&o.lasts, "lasts", 10*time.Second, "length of the open loop")
	f.DurationVar(&o.publishing, "publishing", 2*time.Second, "length of each publish measurement")
	f.StringVar(&o.profiles, "profiles", "", "existing directory for pprof profiles of the servers, which cost some speed")
}

// topic is that of idle connection i.
func (o *options) topic(i int) string { return fmt.Sprintf("%s-%d", room, i%o.topics) }

func (o *options) validate() error {
	for _, name := range o.selected() {
		if !slices.Contains(partNames, name) {
			return fmt.Errorf("-parts: no part %q; there are %s", name, strings.Join(partNames, ", "))
		}
	}
	if min(o.repeat, o.idle, o.topics, o.closed, o.messages, o.open, o.rate) < 1 || o.publishing <= 0 {
		return errors.New("sizes and times must be positive")
	}
	if o.lasts.Seconds()*float64(o.rate) < 1 {
		return errors.New("-lasts is too short for one message at -rate")
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	const others = 100 // files that are no connections
	if n := max(o.idle, o.closed, o.open) + others; uint64(n) > files.Cur {
		return fmt.Errorf("%d connections need a limit of open files (ulimit -n) of %d; it is %d", n-others, n, files.Cur)
	}
	return nil
}

func (o *options) selected() []string { return strings.Split(o.parts, ",") }

// plan lists the parts that are selected, in their own order.
func (o *options) plan() []part {
	all := []part{idlePart(*o), closedPart(*o), openPart(*o)}
	for _, publishers := range []int{1, 8, 64} {
		all = append(all, publishPart(*o, publishers))
	}
	return slices.DeleteFunc(all, func(p part) bool {
		kind, _, _ := strings.Cut(p.name, "-")
		return !slices.Contains(o.selected(), kind)
	})
}
